"""Clocks, stores that can be switched off, and two processes' worth of breakers."""

from __future__ import annotations

import contextlib

from rustok.resilience.circuit_breaker import CircuitBreaker, MemoryStore, Policy, StoreUnavailable
from rustok.resilience.circuit_breaker.shared import SharedRecords

POLICY = Policy(failures=3, open_seconds=10, lease_seconds=5)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class SwitchedStore(MemoryStore):
    """A store that counts questions and can go down."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.down, self.asked = False, 0

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise StoreUnavailable("switched off")

    def read(self, key):
        self._ask()
        return super().read(key)

    def swap(self, key, token, record):
        self._ask()
        return super().swap(key, token, record)

    def everything(self):
        self._ask()
        return super().everything()


def breaker(store, clock: Clock, policy: Policy, **options) -> CircuitBreaker:
    """A breaker as another process would have it: its own memory, the same store."""
    return CircuitBreaker("shop:payments", policy, SharedRecords(store, clock=clock), clock=clock, **options)


class Sick(Exception):
    """The dependency's error."""


def fail() -> None:
    raise Sick


def trip(subject: CircuitBreaker) -> None:
    """Let it fail until it opens."""
    for _ in range(subject.policy.failures):
        with contextlib.suppress(Sick):
            subject.call(fail)
