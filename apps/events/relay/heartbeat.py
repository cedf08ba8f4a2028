"""A long turn proves that its holder lives; a holder that was frozen finds out before it delivers more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from apps.operations.wakeups import Lease, renew

BEAT: Final = 1.0  # seconds between two renewals


class Heartbeat:
    """Renews a lease when it is called and a beat is over; raises LeaseLost when somebody else has the partition.

    A transactional turn must not renew: the row would stay locked until its commit, and numbering writes to it.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        lease_seconds: float,
        transactional: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The claim was the first beat."""
        self._lease = lease
        self._seconds = lease_seconds
        self._silent = transactional
        self._clock = clock
        self._last = clock()

    def __call__(self) -> None:
        """One statement per beat at most. The clock runs on while a process is stopped (SIGSTOP)."""
        now = self._clock()
        if self._silent or now - self._last < BEAT:
            return
        renew(self._lease, lease_seconds=self._seconds)
        self._last = now
