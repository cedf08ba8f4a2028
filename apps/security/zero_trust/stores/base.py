"""The port of the stores, and GCRA in numbers.

GCRA (generic cell rate algorithm, ITU-T I.371) is a token bucket that is stored as one number, the theoretical arrival
time: charging moves it on by cost x interval; a request is refused that would move it further ahead of now than the
bucket is deep. All times are whole microseconds, so that the count is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

MICROSECONDS: Final = 1_000_000


class StoreDown(Exception):
    """The store does not answer in time."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit for one subject: `quota` units at once, refilled evenly over `window` seconds."""

    name: str
    key: str
    quota: int
    window: float = 60.0

    @property
    def interval(self) -> int:
        """Microseconds until one unit is back; rounded up, so that nobody gets more than the quota in a window."""
        return max(1, math.ceil(self.window * MICROSECONDS / self.quota))

    @property
    def depth(self) -> int:
        """How far ahead of now the arrival time may be, in microseconds."""
        return self.interval * self.quota


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a charge: the bucket that refused, if any, and for each how much is left and when it is full."""

    buckets: tuple[Bucket, ...]
    refused: int
    arrivals: tuple[int, ...]
    moment: int
    cost: int

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.refused < 0

    def left(self, index: int) -> int:
        """Units that the bucket still has."""
        bucket = self.buckets[index]
        return max(0, (bucket.depth - (self.arrivals[index] - self.moment)) // bucket.interval)

    def full_in(self, index: int) -> int:
        """Seconds until the bucket is full again, rounded up."""
        return math.ceil(max(0, self.arrivals[index] - self.moment) / MICROSECONDS)

    @property
    def retry_after(self) -> float:
        """Seconds until the refused request would get through; 0 when it was not refused."""
        if self.allowed:
            return 0.0
        bucket = self.buckets[self.refused]
        ahead = self.arrivals[self.refused] + self.cost * bucket.interval - self.moment
        return max(0.0, (ahead - bucket.depth) / MICROSECONDS)


class TrustStore(Protocol):
    """Port. Every method is one round trip and raises StoreDown within a fraction of a second."""

    def take(self, buckets: Sequence[Bucket], cost: int, *, now: int | None = None) -> Taken:
        """Charge every bucket, or none of them. `now` in microseconds replaces the store's clock (tests)."""

    def claim(self, digest: bytes, *, seconds: int) -> bool:
        """Whether this is the first claim of the nonce within `seconds`."""
