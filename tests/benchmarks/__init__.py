"""Benchmarks: `python -m tests.benchmarks [name …] [--json FILE] [--quick] [--gate]`.

A benchmark is a module `tests/benchmarks/bench_<name>.py` with

    SUMMARY = "what is measured, one line"
    def run(options: Options) -> Result: ...

It is found by its file name. Numbers that the project promises go into `Result.checks`: `--gate` fails on them.
"""
