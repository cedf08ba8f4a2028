"""One call through a closed breaker: ours with metrics and the slow-call rule on, beside purgatory and pybreaker.

The guarded function does nothing, so that only the guard is measured. All forms take turns, several times, in one
process; the best turn of each counts, because anything slower was the machine. Coroutines run in one event loop and are
compared with coroutines. A store that fails the run when it is asked stands behind ours: a closed call makes no round
trip. At the end the tally must know of every call, so that nothing is cheap because it was left out.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pybreaker
from purgatory import AsyncCircuitBreakerFactory, SyncCircuitBreakerFactory

from tests.benchmarks.results import Check, Options, Result

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")

from rustok.resilience.circuit_breaker import CircuitBreaker, Policy, Record
from rustok.resilience.circuit_breaker.shared import SharedRecords
from rustok.resilience.circuit_breaker.store import Held

SUMMARY = "a closed call through a circuit breaker; microseconds"
TIMES_PURGATORY = 3.0
NOTHING, PYBREAKER = "no breaker", "pybreaker: decorator"
PLAIN = "call", "decorator", "block"
AWAITED = "async call", "async decorator", "async block"

Forms = dict[str, Callable[[], Any]]
AsyncForms = dict[str, Callable[[], Awaitable[Any]]]


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


async def nothing_async() -> int:
    """The guarded coroutine."""
    return 1


def new_breaker(window: str = "count") -> CircuitBreaker:
    """One of ours, closed, with all that acceptance asks for."""
    policy = Policy(window=window, size=100, slow_seconds=1.0, slow_rate=0.8)
    return CircuitBreaker("bench", policy, SharedRecords(Untouched()))


def plain_forms(ours: CircuitBreaker) -> Forms:
    """What is called, by name."""
    call, by_time = ours.call, new_breaker("time").call
    purgatory = SyncCircuitBreakerFactory(default_threshold=5, default_ttl=60)
    theirs = purgatory.get_breaker("block")

    def block() -> int:
        with ours.guard():
            return nothing()

    def their_block() -> int:
        with theirs:
            return nothing()

    return {
        NOTHING: nothing,
        "ours: call": lambda: call(nothing),
        "ours: decorator": ours(nothing),
        "ours: block": block,
        "ours: call, window of seconds": lambda: by_time(nothing),
        "purgatory: decorator": purgatory("bench")(nothing),
        "purgatory: block": their_block,
        PYBREAKER: pybreaker.CircuitBreaker(fail_max=5, reset_timeout=60)(nothing),
    }


async def async_forms(ours: CircuitBreaker) -> AsyncForms:
    """What is awaited, by name."""
    purgatory = AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=60)
    theirs = await purgatory.get_breaker("block")

    async def block() -> int:
        async with ours.guard():
            return await nothing_async()

    async def their_block() -> int:
        async with theirs:
            return await nothing_async()

    return {
        "ours: async call": lambda: ours.call_async(nothing_async),
        "ours: async decorator": ours(nothing_async),
        "ours: async block": block,
        "purgatory: async decorator": purgatory("bench")(nothing_async),
        "purgatory: async block": their_block,
    }


def run(options: Options) -> Result:
    """Take turns, keep each one's best."""
    calls, turns = (5_000, 3) if options.quick else (50_000, 9)
    ours = new_breaker()
    best = measure(plain_forms(ours), calls, turns) | asyncio.run(measure_async(ours, calls, turns))
    if ours.tally.succeeded != (expected := calls * turns * len(PLAIN + AWAITED)):
        raise RuntimeError(f"the tally knows of {ours.tally.succeeded} calls of {expected}")
    rows = [{"what": name, "µs": round(value, 3)} for name, value in best.items()]
    checks = [
        Check(f"{form}, times purgatory", best[f"ours: {form}"] / quickest(best, *forms[1:]), TIMES_PURGATORY)
        for forms in (PLAIN, AWAITED)
        for form in forms
    ]
    slowest = max(best[f"ours: {form}"] for form in PLAIN)
    checks.append(Check("the slowest of ours, times pybreaker", slowest / best[PYBREAKER], 1.0))
    return Result("Closed breaker", rows, checks, {"calls": calls, "turns": turns})


def quickest(best: dict[str, float], *names: str) -> float:
    """The better of purgatory's two forms, of the same kind of function."""
    return min(best[f"purgatory: {name}"] for name in names)


def measure(forms: Forms, calls: int, turns: int) -> dict[str, float]:
    """Microseconds of one call, by form."""
    best = dict.fromkeys(forms, float("inf"))
    for _ in range(turns):
        for name, function in forms.items():
            started = time.thread_time()
            for _call in range(calls):
                function()
            best[name] = min(best[name], (time.thread_time() - started) / calls * 1_000_000)
    return best


async def measure_async(ours: CircuitBreaker, calls: int, turns: int) -> dict[str, float]:
    """As `measure`, awaiting each."""
    forms = await async_forms(ours)
    best = dict.fromkeys(forms, float("inf"))
    for _ in range(turns):
        for name, function in forms.items():
            started = time.thread_time()
            for _call in range(calls):
                await function()
            best[name] = min(best[name], (time.thread_time() - started) / calls * 1_000_000)
    return best
