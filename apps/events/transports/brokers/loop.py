"""One asyncio loop per process, in a thread of its own, for clients that exist only as coroutines.

The relay and its transports are threads; `run` hands a coroutine over and waits, with a limit that holds whatever the
coroutine does.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final, TypeVar

from apps.events.transports.brokers import BrokerHung

Answer = TypeVar("Answer")

GRACE: Final = 0.5  # seconds that the loop gets to end a coroutine by its own time limit before we stop waiting
_lock: Final = threading.Lock()
_loops: Final[dict[int, asyncio.AbstractEventLoop]] = {}


def run(work: Coroutine[Any, Any, Answer], *, timeout: float) -> Answer:
    """The coroutine's result; BrokerHung after `timeout` seconds, and the coroutine is cancelled."""
    future = asyncio.run_coroutine_threadsafe(_limited(work, timeout), _loop())
    try:
        return future.result(timeout + GRACE)
    except (TimeoutError, FutureTimeout) as error:
        future.cancel()
        raise BrokerHung("no answer in time") from error


async def _limited(work: Coroutine[Any, Any, Answer], timeout: float) -> Answer:
    return await asyncio.wait_for(work, timeout)


def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this process; a forked child makes its own."""
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="broker-loop", daemon=True).start()
        return loop
