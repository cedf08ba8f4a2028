"""At most so many calls of this process to one dependency at once: a slow one must not take every thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Final, Self

from rustok.errors.resilience import BulkheadFull

CONCURRENT: Final = 25
WAIT_SECONDS: Final = 0.5


class Bulkhead:
    """A bounded number of places, for `with` and `async with`. Waits at most `wait` seconds for one."""

    def __init__(self, service: str, *, concurrent: int = CONCURRENT, wait: float = WAIT_SECONDS) -> None:
        """All places free."""
        self.service, self.concurrent, self.wait = service, concurrent, wait
        self._places = threading.BoundedSemaphore(concurrent)

    def __enter__(self) -> Self:
        """Take a place or raise BulkheadFull."""
        if not self._places.acquire(blocking=False) and not self._places.acquire(timeout=self.wait):
            raise BulkheadFull(service=self.service, retry_after=max(1.0, self.wait))
        return self

    def __exit__(self, *_error: object) -> None:
        """Give the place back."""
        self._places.release()

    async def __aenter__(self) -> Self:
        """As `with`, without stopping the event loop while it waits."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.wait
        while not self._places.acquire(blocking=False):
            if loop.time() >= until:
                raise BulkheadFull(service=self.service, retry_after=max(1.0, self.wait))
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Give the place back."""
        self._places.release()
