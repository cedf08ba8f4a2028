"""Read models: how fast facts are counted, and a rebuild of a long log while orders keep coming.

Everything on this machine. Counting goes the product's way: relay turn, lease, cursor and rows in one transaction. The
rebuild runs beside a writer at 100 orders/s, a relay, and a reader that fails the run when a number ever goes back.
"""

from __future__ import annotations

import importlib
import os

import django

from tests.benchmarks.results import Check, Options, Result

SUMMARY = "read models: projecting, events per second; rebuild under load"
LIBRARY_PER_SECOND = 790  # the `eventsourcing` library projecting into the same kind of table on the same machine
TIMES = 5


def run(options: Options) -> Result:
    """Measure on a scratch database; the checks are written so that smaller is better."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    django.setup()
    work = importlib.import_module("tests.benchmarks.projecting")
    found = work.measure(events=5_000 if options.quick else 100_000)
    slowest = min(found.rates.values())
    checks = [
        Check("seconds for 3,950 events, slowest read model", TIMES * LIBRARY_PER_SECOND / slowest, 1.0),
        Check("reads that went back during the rebuild", found.wrong_reads, 0),
        Check("rows that differ from a cold rebuild", found.differing, 0),
        Check("share of the wanted writes not made during the rebuild", 1 - found.writes_made, 0.05),
    ]
    rows = [{"what": f"projecting {name}", "events/s": round(rate)} for name, rate in found.rates.items()]
    rows.append({"what": "rebuild under 100 writes/s", "events/s": round(found.rebuild_rate)})
    facts = {
        "events": found.events,
        "rebuild seconds": round(found.rebuild_seconds, 1),
        "swap seconds": round(found.swap_seconds, 3),
        "write p99 ms, before and during": [round(found.calm_p99, 1), round(found.busy_p99, 1)],
        "reads during the rebuild": found.reads,
    }
    rows += [{"what": name, "events/s": str(value)} for name, value in facts.items()]
    return Result("Read models", rows, checks, facts)
