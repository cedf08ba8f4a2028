"""Logs that this process could not number lately: left alone for a while, so that a broken shop costs others nothing.

A schema that is being migrated, a lock that somebody holds, a storage that is gone: numbering raises there, at every
try. Nothing is forgotten: the wake-ups stay, and the log is tried again after a rest that doubles up to a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

FIRST: Final = 2.0  # seconds
LONGEST: Final = 60.0


class Resting:
    """Which logs rest, and how long the last rest was. Safe for threads; as many entries as there are broken logs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody rests."""
        self._clock = clock
        self._rests: dict[UUID, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def now(self) -> list[UUID]:
        """The logs that rest at the moment."""
        if not self._rests:
            return []
        with self._lock:
            moment = self._clock()
            return [log for log, (until, _seconds) in self._rests.items() if until > moment]

    def begin(self, log: UUID) -> float:
        """Numbering has failed: rest twice as long as the last time, and say how long, in seconds."""
        with self._lock:
            _until, last = self._rests.get(log, (0.0, 0.0))
            seconds = min(LONGEST, max(FIRST, 2 * last))
            self._rests[log] = (self._clock() + seconds, seconds)
            return seconds

    def end(self, log: UUID) -> None:
        """Numbering has worked."""
        if self._rests:
            with self._lock:
                self._rests.pop(log, None)
