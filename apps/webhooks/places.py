"""A bounded number of places that several owners share, none of whom can take them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from threading import Condition


class Places:
    """`most` places in all, `own` of them for one owner at most. Safe for threads."""

    def __init__(self, *, most: int, own: int) -> None:
        """All are free."""
        self._most, self._own = most, own
        self._taken: Counter[Hashable] = Counter()
        self._changed = Condition()

    def take(self, owner: Hashable, *, timeout: float) -> bool:
        """Wait for a place, `timeout` seconds at most; False when there was none."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free_for(owner), timeout):
                return False
            self._taken[owner] += 1
            return True

    def give_back(self, owner: Hashable) -> None:
        """A place is free again."""
        with self._changed:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]
            self._changed.notify_all()

    def _is_free_for(self, owner: Hashable) -> bool:
        return self._taken.total() < self._most and self._taken[owner] < self._own
