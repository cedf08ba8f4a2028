"""The embedded stack: PostgreSQL and Valkey from wheels, and the supervisor behind `make run`.

Nothing here imports Django. `python -m rustok.local --help` lists the commands.
"""
