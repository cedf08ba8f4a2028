"""Run scenarios on one platform, print the ledger, exit 1 on any violation."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

import tests.chaos
from tests.chaos.findings import Finding
from tests.support.stack import Stack
from tests.support.tables import table

RAW = argparse.RawDescriptionHelpFormatter
SCENARIOS = ("crowd", "last_units", "kills", "freeze", "slow", "flood", "open_writer", "storm")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=tests.chaos.__doc__, formatter_class=RAW)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"which (default all): {', '.join(SCENARIOS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the buyers buy while parts are killed")
    parser.add_argument("--rate", type=float, default=6.0, help="orders per second of all buyers together")
    parser.add_argument("--seed", type=int, default=1, help="of the storm's faults and of what its writers do")
    parser.add_argument("--events", type=int, default=50_000, help="that the storm's writers append")
    parser.add_argument("--tenants", type=int, default=20, help="of the storm")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the findings as JSON")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use and keep this data directory (logs)")
    return parser.parse_args()


def main() -> int:
    """Start the platform, run the scenarios, judge."""
    wanted = arguments()
    unknown = sorted(set(wanted.scenarios) - set(SCENARIOS))
    if unknown:
        print(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    findings: dict[str, list[Finding]] = {}
    print("starting a platform …", file=sys.stderr, flush=True)
    with Stack.start(demo_baskets=5, data=wanted.keep, webhook_timeout=1) as stack:
        for name in wanted.scenarios or SCENARIOS:
            started = time.monotonic()
            print(f"scenario {name} …", file=sys.stderr, flush=True)
            run = importlib.import_module(f"tests.chaos.{name}").run
            wishes = {name: getattr(wanted, name) for name in ("seconds", "rate", "seed", "events", "tenants")}
            findings[name] = list(run(stack, **wishes))
            rows = [finding.row() for finding in findings[name]]
            print(table(rows, title=f"\n{name} ({time.monotonic() - started:.0f} s)"), flush=True)
    if wanted.json:
        facts = {name: [finding.row() for finding in found] for name, found in findings.items()}
        wanted.json.write_text(json.dumps(facts, indent=1) + "\n")
    violations = sum(not finding.kept for found in findings.values() for finding in found)
    print(f"\n{violations} violations" if violations else "\nno violation")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
