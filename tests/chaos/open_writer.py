"""A transaction that has written an event stays open for a minute: nobody else waits for it, and its event arrives."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_most, exactly
from tests.chaos.storm import Jobs
from tests.support.stack import Stack

RATE = 20.0  # events per second
SLOWER_MS = 50.0


def run(stack: Stack, *, seconds: float, **_others: object) -> Iterator[Finding]:
    """Write beside the open transaction; compare the lag of the others with their lag before."""
    seen = Jobs(stack).do("hold", slug=stack.shops[0].slug, seconds=seconds, rate=RATE)
    lags = seen["lags"]
    lost = {part: many.count(None) for part, many in lags.items()}
    yield exactly(f"the writer was open for {seconds:g} s, to the end of the others' writing", seen["still_open"], True)
    yield exactly("events of the others that arrived", len(lags["beside"]) - lost["beside"], seen["written"])
    yield exactly("events lost", lost, dict.fromkeys(lags, 0))
    yield exactly("events of the open writer that arrived after its commit", len(lags["late"]), 1)
    alone, beside = (percentile([lag or 0.0 for lag in lags[part]], 0.99) for part in ("alone", "beside"))
    yield at_most(f"p99 of the others' lag, ms ({alone:.0f} before)", beside, max(1.25 * alone, alone + SLOWER_MS))
