"""Saving one event in a transaction of its own, by eight writers, beside the library `eventsourcing`.

Both sides are threads of this process on one server with a warm connection each, save as their manuals tell
(`unit_of_work` here, `Application.save` there) and take turns. Both change existing aggregates: the library's aggregate
in memory knows the head of its stream, ours is read in the statement that appends. Commits are durable.
Then one aggregate of 10,000 events is restored with and without a snapshot.
"""

from __future__ import annotations

import importlib
import os
import statistics

import django

from tests.benchmarks import libraries
from tests.benchmarks.results import Check, Options, Result

SUMMARY = "event store: saves per second beside the eventsourcing library; restoring 10,000 events"
LIBRARY = "eventsourcing==9.5.6"
TIMES_FASTER = 3.0
SNAPSHOT_TIMES_FASTER = 10.0
EVENTS = 10_000


def run(options: Options) -> Result:
    """Measure on a scratch database; the checks are written so that smaller is better."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    django.setup()
    path = importlib.import_module("tests.benchmarks.append_path")
    compared = libraries.add(LIBRARY)
    saves = 50 if options.quick else 500
    rounds = 2 if options.quick else 5
    rates, restoring = path.measure(saves=saves, rounds=rounds, events=EVENTS, compared=compared)
    rows = [{"what": what, "per second": round(statistics.median(rate)), "ms": ""} for what, rate in rates.items()]
    rows += [{"what": what, "per second": "", "ms": round(1000 * seconds, 2)} for what, seconds in restoring.items()]
    share = restoring[path.SNAPSHOT] / restoring[path.REPLAY]
    checks = [Check("snapshot restore, as a share of the replay", share, 1 / SNAPSHOT_TIMES_FASTER)]
    if compared:
        ratios = [theirs / ours for ours, theirs in zip(rates[path.OURS], rates[path.THEIRS], strict=True)]
        checks.append(Check("eventsourcing, as a share of ours", statistics.median(ratios), 1 / TIMES_FASTER))
    facts = {"writers": path.WRITERS, "saves": saves, "rounds": rates, "library": LIBRARY if compared else None}
    return Result("Event store", rows, checks, facts)
