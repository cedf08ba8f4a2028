"""The shared store with the process's own memory behind it: while the store is down, every process is its own master.

A store that failed is left alone for a moment, so that its outage costs one short wait per process and not one per
call. What it said last goes on holding: whatever was open or held stays so. When it answers again, what this process
found out alone is written to it, unless it knows better.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from rustok.resilience.circuit_breaker.core import Record, State
from rustok.resilience.circuit_breaker.store import BreakerStore, Held, MemoryStore, StoreUnavailable, update

PAUSE_SECONDS: Final = 1.0


class SharedRecords:
    """Reads and changes records; never raises for a store that is down."""

    def __init__(self, primary: BreakerStore | None, *, clock: Callable[[], float] = time.time) -> None:
        """`primary` None: this process alone. `clock` is wall time, in seconds."""
        self._primary = primary
        self._clock = clock
        self._offset = 0.0
        self._down_until = 0.0
        self._lock = threading.Lock()
        self._local = MemoryStore(self.now)
        self._last: Mapping[str, Record] = {}
        self._copied: dict[str, Record] = {}

    @property
    def is_local(self) -> bool:
        """Whether this process decides alone for now."""
        return self._primary is None or self._clock() < self._down_until

    def now(self) -> float:
        """The store's clock as far as this process knows it."""
        return self._clock() + self._offset

    def update(self, key: str, change: Callable[[Record, float], Record], *, known: Record) -> Held:
        """Apply the change in the shared store, or in memory to what this process knew last."""
        if self._primary is not None and not self.is_local:
            try:
                held = update(self._primary, key, change)
            except StoreUnavailable:
                self._go_alone()
            else:
                self._offset = held.now - self._clock()
                return held
        self._seed(key, known)
        return update(self._local, key, change)

    def everything(self) -> tuple[Mapping[str, Record], float]:
        """Every record that is not settled; asks the store even during its pause, for this is how it is found again."""
        if self._primary is not None:
            try:
                records, now = self._primary.everything()
                if self._bring_back(self._primary):
                    records, now = self._primary.everything()
            except StoreUnavailable:
                self._go_alone()
            else:
                self._last, self._down_until = records, 0.0
                self._offset = now - self._clock()
                return records, now
        return self._local.everything()

    def _go_alone(self) -> None:
        """Leave the store alone for a moment, and remember what it said last."""
        self._down_until = self._clock() + PAUSE_SECONDS
        with self._lock:
            last, self._last = self._last, {}
            for key, record in last.items():
                self._seed(key, record)

    def _seed(self, key: str, known: Record) -> None:
        held = self._local.read(key)
        if self._primary is not None and held.record.is_settled and not known.is_settled:
            self._local.swap(key, held.token, known)
            self._copied[key] = known

    def _bring_back(self, primary: BreakerStore) -> bool:
        """Tell the store what was found out without it: a dependency that is still being left alone.

        What was only remembered is not told: the store may know better by now. False: there was nothing to tell.
        """
        with self._lock:
            found, _now = self._local.everything()
            news = {key: record for key, record in found.items() if record != self._copied.get(key)}
            for key, record in news.items():
                update(primary, key, lambda shared, now, mine=record: _merged(shared, mine, now))  # type: ignore[misc]  # mypy cannot infer a default
            for key in found:
                held = self._local.read(key)
                self._local.swap(key, held.token, Record())
            self._copied.clear()
        return bool(news)


def _merged(shared: Record, mine: Record, now: float) -> Record:
    worse = shared.is_settled and mine.state is not State.CLOSED and (mine.until > now or mine.lease_until > now)
    return mine if worse or (shared.override is None and mine.override and mine.override.until > now) else shared
