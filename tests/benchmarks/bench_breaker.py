"""One call through a closed breaker: ours with metrics and the slow-call rule on, beside purgatory and pybreaker.

The guarded function does nothing, so that only the guard is measured. The three take turns, several times, in one
process; the best turn of each counts, because anything slower was the machine. A store that fails the run when it is
asked stands behind ours: a closed call makes no round trip.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pybreaker
from purgatory import SyncCircuitBreakerFactory

from tests.benchmarks.results import Check, Options, Result

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")

from rustok.resilience.circuit_breaker import CircuitBreaker, Policy, Record
from rustok.resilience.circuit_breaker.shared import SharedRecords
from rustok.resilience.circuit_breaker.store import Held

SUMMARY = "a closed call through a circuit breaker; microseconds"
TIMES_PURGATORY = 3.0
OURS, DECORATED, GUARD = "ours: call()", "ours: decorator", "ours: with guard()"
PURGATORY, PURGATORY_BLOCK, PYBREAKER = "purgatory: decorator", "purgatory: with", "pybreaker: decorator"
NOTHING = "no breaker"


class Untouched:
    """A store that nobody may ask."""

    def read(self, key: str) -> Held:
        """Fail the run."""
        raise AssertionError(f"a closed call asked the store about {key}")

    def swap(self, key: str, token: bytes, record: Record) -> bool:
        """Fail the run."""
        raise AssertionError(f"a closed call wrote {key}, {token!r}, {record}")

    def everything(self) -> tuple[dict[str, Record], float]:
        """Fail the run."""
        raise AssertionError("a closed call asked the store")


def nothing() -> int:
    """The guarded call."""
    return 1


def candidates() -> dict[str, Callable[[], Any]]:
    """What is called, by name."""
    policy = Policy(window="count", size=100, slow_seconds=1.0, slow_rate=0.8)
    ours = CircuitBreaker("bench", policy, SharedRecords(Untouched()))
    call = ours.call

    def with_guard() -> int:
        with ours.guard():
            return nothing()

    purgatory = SyncCircuitBreakerFactory(default_threshold=5, default_ttl=60)
    block = purgatory.get_breaker("block")

    def with_purgatory() -> int:
        with block:
            return nothing()

    return {
        NOTHING: nothing,
        OURS: lambda: call(nothing),
        DECORATED: ours(nothing),
        GUARD: with_guard,
        PURGATORY: purgatory("bench")(nothing),
        PURGATORY_BLOCK: with_purgatory,
        PYBREAKER: pybreaker.CircuitBreaker(fail_max=5, reset_timeout=60)(nothing),
    }


def run(options: Options) -> Result:
    """Take turns, keep each one's best."""
    calls, turns = (5_000, 3) if options.quick else (50_000, 9)
    found = candidates()
    best = dict.fromkeys(found, float("inf"))
    for _ in range(turns):
        for name, function in found.items():
            best[name] = min(best[name], _microseconds(function, calls))
    rows = [{"what": name, "µs": round(value, 3)} for name, value in best.items()]
    purgatory = min(best[PURGATORY], best[PURGATORY_BLOCK])
    checks = [
        Check("ours, times purgatory", best[OURS] / purgatory, TIMES_PURGATORY),
        Check("ours decorated, times purgatory", best[DECORATED] / purgatory, TIMES_PURGATORY),
        Check("ours as a block, times purgatory", best[GUARD] / purgatory, TIMES_PURGATORY),
        Check("ours, times pybreaker", best[OURS] / best[PYBREAKER], 1.0),
    ]
    return Result("Closed breaker", rows, checks, {"calls": calls, "turns": turns})


def _microseconds(function: Callable[[], Any], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - started) / calls * 1_000_000
