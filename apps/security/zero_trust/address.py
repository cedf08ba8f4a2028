"""Before everything: a coarse limit per address, because hosts, keys and signatures cost more than a look at a counter.

Per process and in memory: it keeps one sender from occupying a process, it counts nothing for anybody. The exact limits
come after the credential. A reverse proxy on the same machine must be among `RUSTOK_TRUSTED_PROXIES`, or all its
callers are one address.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.security.zero_trust.errors import AddressLimited
from rustok.api.addresses import network_of
from rustok.api.handlers import failure
from rustok.config import config
from rustok.context import current

BURST_SECONDS: Final = 3.0
CAPACITY: Final = 20_000
_RETRY_SECONDS: Final = 1.0


class AddressLimiter:
    """A token bucket per address, bounded: the least lately seen addresses are forgotten. About 1 µs."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` in requests per second; a full bucket holds `BURST_SECONDS` of it."""
        self._rate, self._clock, self._depth = rate, clock, max(1.0, rate * BURST_SECONDS)
        self._seen: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, address: str) -> bool:
        """Take one request off the address; False when there is none left."""
        now, key = self._clock(), network_of(address)
        with self._lock:
            left, at = self._seen.pop(key, (self._depth, now))
            left = min(self._depth, left + (now - at) * self._rate)
            self._seen[key] = (left - 1 if left >= 1 else left, now)
            if len(self._seen) > CAPACITY:
                self._seen.popitem(last=False)
        return left >= 1


class AddressLimitMiddleware:
    """Stands behind the middleware that knows the address, before the host is looked up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Read the rate once."""
        self.get_response = get_response
        rate = config().address_rate
        self._limiter = AddressLimiter(rate) if rate else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 429 when the address has nothing left."""
        if self._limiter is not None and not self._limiter.allows(current().address):
            return failure(request, AddressLimited(retry_after=_RETRY_SECONDS))
        return self.get_response(request)
