"""The fault rig: `python -m tests.chaos [scenario …] [--seconds N] [--rate N] [--seed N] [--json FILE]`.

Starts the real platform with a data directory and port of its own, drives it over HTTP, breaks parts of it, and then
compares what was promised (HTTP 201) with what the log, the stock and the webhook receiver say. Exit code 1 on any
violation. Scenarios: `crowd`, `last_units`, `kills`, `freeze`, `slow`, `flood`, `open_writer`,
`storm`.
"""
