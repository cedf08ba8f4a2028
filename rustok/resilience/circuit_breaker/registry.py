"""All breakers of a process, by dependency, tenant and destination; kept in step with the other processes by a thread.

The thread asks the store about twice a second for the records of *sick* breakers: one round trip, whatever the number
of breakers. It starts with the first breaker and again after a fork. At most `LIMIT` breakers are kept; the healthy
one that was asked for longest ago goes first.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from rustok.repeating import repeat
from rustok.resilience.circuit_breaker.breaker import CircuitBreaker, every_exception
from rustok.resilience.circuit_breaker.core import (
    Override,
    Policy,
    Record,
    State,
    overridden,
    refreshed,
    reset,
)
from rustok.resilience.circuit_breaker.metrics import STATE, STATES, Tally, publish
from rustok.resilience.circuit_breaker.shared import SharedRecords
from rustok.resilience.circuit_breaker.store import BreakerStore

LIMIT: Final = 10_000
WATCH_SECONDS: Final = 0.5


class Registry:
    """Makes and keeps breakers. Thread-safe."""

    def __init__(
        self,
        store: BreakerStore | None,
        *,
        watching: bool = True,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`store` None: this process alone. `watching` False: whoever made it calls `synchronise` (tests)."""
        self.records = SharedRecords(store, clock=wall)
        self._watching, self._limit, self._clock = watching, limit, clock
        self._lock = threading.Lock()
        self._breakers: OrderedDict[str, CircuitBreaker] = OrderedDict()
        self._published: dict[str, Tally] = {}
        self._sick: tuple[Mapping[str, Record], float] | None = None
        self._watcher: tuple[int, threading.Thread] | None = None
        self._stopped = threading.Event()

    def breaker(
        self,
        service: str,
        *,
        policy: Policy,
        key: str = "",
        is_failure: Callable[[BaseException], bool] = every_exception,
    ) -> CircuitBreaker:
        """The breaker of a dependency (and tenant, destination: `key`). Only the very first one asks the store."""
        name = f"{service}:{key}" if key else service
        with self._lock:
            known = self._breakers.get(name)
            if known is not None:
                self._breakers.move_to_end(name)
                return known
        self._ensure_watched()
        made = CircuitBreaker(name, policy, self.records, service=service, is_failure=is_failure, clock=self._clock)
        sick, _read_at = self._sick or self.synchronise()
        record = _found(name, sick, Record())
        if not record.is_settled:
            made.adopt(record, self.records.now())
        with self._lock:
            kept = self._breakers.setdefault(name, made)
            self._make_room()
        return kept

    def breakers(self) -> tuple[CircuitBreaker, ...]:
        """The breakers that this process has."""
        with self._lock:
            return tuple(self._breakers.values())

    def sick(self) -> Mapping[str, Record]:
        """All records that are not settled, of any process; one round trip."""
        return self.records.everything()[0]

    def force(self, key: str, state: State, *, seconds: float, by: str = "", reason: str = "") -> None:
        """Hold a breaker open or closed for so long, in every process, and all whose names go on behind `key` and `:`.

        A decision about a longer name stands above that about a shorter one.
        """
        with self._lock:
            known = self._breakers.get(key)
        if known is not None:
            known.force(state, seconds=seconds, by=by, reason=reason)
            return

        def change(record: Record, now: float) -> Record:
            return overridden(record, Override(state=state, until=now + seconds, by=by, reason=reason))

        self.records.update(key, change, known=Record())

    def reset(self, key: str) -> None:
        """Close a breaker and forget what is known of it, in every process."""
        with self._lock:
            known = self._breakers.get(key)
        if known is not None:
            known.reset()
        else:
            self.records.update(key, reset, known=Record())

    def synchronise(self) -> tuple[Mapping[str, Record], float]:
        """Follow the store and publish the counts; what the watcher does again and again."""
        breakers = self.breakers()
        seen = [breaker.changes for breaker in breakers]
        self._sick = sick, now = self.records.everything()
        for breaker, changes in zip(breakers, seen, strict=True):
            record = _found(breaker.key, sick, Record(epoch=breaker.record.epoch))
            breaker.adopt(record, now, seen_at=changes)
        for key, record in sick.items():
            if refreshed(record, now) != record:
                self.records.update(key, refreshed, known=record)
        self._publish(breakers)
        return self._sick

    def stop(self) -> None:
        """End the watcher."""
        self._stopped.set()

    def _publish(self, breakers: tuple[CircuitBreaker, ...]) -> None:
        worst: dict[str, int] = {}
        for breaker in breakers:
            before = self._published.get(breaker.key) or Tally()
            self._published[breaker.key] = publish(breaker.service, breaker.tally, before)
            worst[breaker.service] = max(worst.get(breaker.service, 0), STATES[breaker.state])
        for service, state in worst.items():
            STATE.labels(service).set(state)

    def _make_room(self) -> None:
        """Drop the oldest healthy breakers; called with the lock held."""
        excess = len(self._breakers) - self._limit
        for name in [name for name, kept in self._breakers.items() if kept.record.is_settled][: max(0, excess)]:
            del self._breakers[name]
            self._published.pop(name, None)

    def _ensure_watched(self) -> None:
        with self._lock:
            if not self._watching or (self._watcher is not None and self._watcher[0] == os.getpid()):
                return
            thread = repeat(self.synchronise, every=WATCH_SECONDS, name="breakers", stopped=self._stopped)
            self._watcher = (os.getpid(), thread)


def _found(key: str, sick: Mapping[str, Record], healthy: Record) -> Record:
    """The shared record of a breaker, with a person's word about its whole dependency, or all of one tenant."""
    record = sick.get(key, healthy)
    while record.override is None and ":" in key:
        key = key.rpartition(":")[0]
        record = replace(record, override=sick[key].override) if key in sick else record
    return record
