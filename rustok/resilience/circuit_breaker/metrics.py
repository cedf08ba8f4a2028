"""What breakers count. Calls add to plain integers; a watcher carries them to Prometheus about twice a second.

So a call costs no metric library, every process of the host reports (multiprocess mode included), and the labels are
bounded: dependencies have names in the configuration, tenants and destinations are no labels.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import Counter, Gauge

from rustok.resilience.circuit_breaker.core import State
from rustok.telemetry import log_event
from rustok.telemetry.metrics import REGISTRY

STATES: Final = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
"""The worse, the higher: the maximum, here and over processes, must never hide an open breaker behind one on trial."""

CALLS: Final = Counter(
    "rustok_circuit_breaker_calls",
    "Calls through circuit breakers by outcome: succeeded, failed, ignored, rejected; slow ones counted again.",
    ("dependency", "outcome"),
    registry=REGISTRY,
)
TRANSITIONS: Final = Counter(
    "rustok_circuit_breaker_transitions",
    "Changes of state as seen by this process.",
    ("dependency", "to"),
    registry=REGISTRY,
)
STATE: Final = Gauge(
    "rustok_circuit_breaker_state",
    "0 closed, 1 half open, 2 open; the worst of the dependency's breakers.",
    ("dependency",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
OUTCOMES: Final = ("succeeded", "failed", "ignored", "rejected", "slow")


@dataclass(slots=True)
class Tally:
    """The counts of one breaker in this process since it was made."""

    succeeded: int = 0
    failed: int = 0
    ignored: int = 0
    rejected: int = 0
    slow: int = 0

    def count(self, *, failed: bool, neutral: bool, slow: bool) -> None:
        """Count one ended call."""
        if neutral:
            self.ignored += 1
        elif failed:
            self.failed += 1
        else:
            self.succeeded += 1
        self.slow += slow

    @property
    def success_rate(self) -> float:
        """The share of ended calls that succeeded; 1 when idle."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else 1.0

    @property
    def rejection_rate(self) -> float:
        """The share of all calls that were refused; 0 when idle."""
        asked = self.succeeded + self.failed + self.ignored + self.rejected
        return self.rejected / asked if asked else 0.0


def publish(service: str, tally: Tally, before: Tally) -> Tally:
    """Add to Prometheus what was counted since `before`; returns what is published now."""
    now = replace(tally)
    for outcome in OUTCOMES:
        more = getattr(now, outcome) - getattr(before, outcome)
        if more > 0:
            CALLS.labels(service, outcome).inc(more)
    return now


def note_transition(service: str, key: str, before: State, after: State) -> None:
    """Count and log a change of state."""
    TRANSITIONS.labels(service, after.value).inc()
    level = logging.WARNING if after is State.OPEN else logging.INFO
    log_event("breaker.changed", level=level, dependency=service, breaker=key, before=before.value, after=after.value)
