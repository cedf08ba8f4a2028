"""A flood of equal lines must not drown the log: so many of one key in a second, the rest is counted and told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_MOST_KEYS: Final = 2_000


class Burst:
    """Lets the first `limit` lines of a key and second through; 0 lets all through. Safe for threads.

    `tell(key, count)` is called with what was left out, with the first line of a later second, whatever its key.
    """

    def __init__(
        self, limit: int, tell: Callable[[str, int], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is known yet; the clock is in seconds."""
        self._limit, self._tell, self._clock = limit, tell, clock
        self._second = 0
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def admits(self, key: str) -> bool:
        """Whether this line is to be written. Costs less than a microsecond."""
        if not self._limit:
            return True
        second = int(self._clock())
        left_out: dict[str, int] = {}
        with self._lock:
            if second != self._second:
                left_out = {name: count - self._limit for name, count in self._seen.items() if count > self._limit}
                self._second, self._seen = second, {}
            if key not in self._seen and len(self._seen) >= _MOST_KEYS:
                key = "(others)"
            count = self._seen[key] = self._seen.get(key, 0) + 1
        for name, lines in left_out.items():
            self._tell(name, lines)
        return count <= self._limit
