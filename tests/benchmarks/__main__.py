"""Run benchmarks by name, print tables, keep JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from pathlib import Path

import tests.benchmarks
from tests.benchmarks.results import Options

PREFIX = "bench_"
RAW = argparse.RawDescriptionHelpFormatter


def names() -> list[str]:
    """The benchmarks that exist, by module name."""
    modules = (module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__))
    return sorted(name.removeprefix(PREFIX) for name in modules if name.startswith(PREFIX))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=tests.benchmarks.__doc__, formatter_class=RAW
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"which (default all): {', '.join(names())}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a promised limit is broken")
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds; its numbers prove nothing")
    parser.add_argument("--rate", type=float, default=20.0, help="orders per second of the open loop")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each loop")
    parser.add_argument("--runs", type=int, default=3, help="open-loop runs; the median counts")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for; 1 when a limit is broken and `--gate` is given, 2 for an unknown name."""
    wanted = arguments()
    unknown = sorted(set(wanted.names) - set(names()))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    options = Options(wanted.quick, wanted.rate, wanted.seconds, wanted.runs)
    results = {}
    for name in wanted.names or names():
        module = importlib.import_module(f"tests.benchmarks.{PREFIX}{name}")
        print(f"== {name}: {module.SUMMARY}", file=sys.stderr, flush=True)
        results[name] = module.run(options)
        print(results[name].text(), flush=True)
    if wanted.json:
        machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        facts = {"machine": machine, "results": {name: result.as_dict() for name, result in results.items()}}
        wanted.json.write_text(json.dumps(facts, indent=1) + "\n")
    broken = [check for result in results.values() for check in result.checks if not check.kept]
    return 1 if broken and wanted.gate else 0


if __name__ == "__main__":
    sys.exit(main())
