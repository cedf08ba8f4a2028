"""Who is served by this process right now, and whose turn it was last: shared by its relays.

A subscription may hold all but one of a process's slots: a destination that hangs in each of them leaves one to the
others. A lone subscription loses nothing by that: more relays than two in one process do not make it faster.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from apps.events.relay import policy
from apps.operations import wakeups
from apps.operations.wakeups import PLATFORM, Lease


class Slots:
    """Claims turns for the relays of one process, one claim at a time."""

    def __init__(self) -> None:
        """Nobody is served; the rotation begins with the smallest tenant id."""
        self.last = PLATFORM
        self._lock = threading.Lock()
        self._served: Counter[UUID] = Counter()

    @contextmanager
    def turn(self, *, lease_seconds: float, tenant_id: UUID | None) -> Iterator[Lease | None]:
        """A lease for the block, of the next tenant that waits; None when nobody does. Leaving does not release it."""
        with self._lock:
            full = [subscription for subscription, held in self._served.items() if held >= policy.SLOTS - 1]
            lease = wakeups.claim(lease_seconds=lease_seconds, tenant_id=tenant_id, after=self.last, without=full)
            if lease is not None:
                self.last = lease.tenant_id
                self._served[lease.subscription_id] += 1
        try:
            yield lease
        finally:
            if lease is not None:
                with self._lock:
                    self._served[lease.subscription_id] -= 1
                    self._served += Counter()  # forgets who is down to nothing
