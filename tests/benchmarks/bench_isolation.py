"""What a poisoned event, a hung endpoint and a dead transport do to the lag of everybody else.

Pairs of measurements take turns, alone and beside the fault, so that noise of the machine meets both; the median of the
pairs counts. Three relays as threads of this process; destinations in memory.
"""

from __future__ import annotations

import importlib
import os
import statistics

import django

from tests.benchmarks.results import Check, Options, Result, percentile

SUMMARY = "lag of a healthy subscription beside a sick one, pairwise"
RATE = 50.0
SHARE_LIMIT = 0.25
MS_LIMIT = 50.0


def run(options: Options) -> Result:
    """Measure pairs for each fault; a change within 25 % or 50 ms is kept."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    django.setup()
    rig = importlib.import_module("tests.benchmarks.isolation")
    pairs, seconds = (1, 2.0) if options.quick else (5, 5.0)
    rows, checks = [], []
    with rig.shop():
        rig.lags_of(fault="", rate=RATE, seconds=1.0)
        for fault in rig.FAULTS:
            alone, beside = [], []
            for _pair in range(pairs):
                alone.append(percentile(rig.lags_of(fault="", rate=RATE, seconds=seconds), 0.99))
                beside.append(percentile(rig.lags_of(fault=fault, rate=RATE, seconds=seconds), 0.99))
            change = statistics.median(b - a for a, b in zip(alone, beside, strict=True))
            before = statistics.median(alone)
            rows.append({"beside": fault, "p99 alone ms": before, "p99 beside ms": statistics.median(beside)})
            checks.append(Check(f"{fault}: change of p99, ms", change, max(MS_LIMIT, SHARE_LIMIT * before)))
    return Result("Isolation of faults", rows, checks, {"pairs": pairs, "rate": RATE})
