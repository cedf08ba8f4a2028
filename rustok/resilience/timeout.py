"""Time limits. A limit is a deadline in the context: the database and the HTTP clients under it wait no longer.

Python cannot interrupt a thread that waits in C. So a call is *told* its limit (`limited`), and what cannot be told is
run in a thread of its own that is left behind when it does not come back (`call_within`).
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

from rustok import context
from rustok.errors.families import ExternalServiceTimeout

P = ParamSpec("P")
R = TypeVar("R")

ABANDONED_MOST: Final = 64
"""Threads that may hang at once in one process; then further calls are refused at once."""
_running: Final = threading.BoundedSemaphore(ABANDONED_MOST)


@contextmanager
def limited(seconds: float) -> Iterator[float]:
    """Move the context's deadline forward to at most `seconds` from now; gives the seconds that are really left."""
    here = context.current()
    deadline = time.monotonic() + seconds
    if here.deadline is not None:
        deadline = min(deadline, here.deadline)
    with context.amended(deadline=deadline):
        yield max(0.0, deadline - time.monotonic())


def call_within(seconds: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run in a thread with the caller's context; raise ExternalServiceTimeout when it is not back in time.

    The thread is not stopped: use it only for calls that cannot be given a timeout of their own.
    """
    outcome: list[tuple[bool, Any]] = []
    done = threading.Event()
    inherited = contextvars.copy_context()
    name = getattr(function, "__qualname__", "call")
    if not _running.acquire(blocking=False):
        raise ExternalServiceTimeout(service=name, retry_after=1)

    def run() -> None:
        try:
            outcome.append((True, inherited.run(function, *args, **kwargs)))
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            outcome.append((False, error))
        finally:
            _running.release()
            done.set()

    threading.Thread(target=run, name=f"within-{name}", daemon=True).start()
    if not done.wait(seconds):
        raise ExternalServiceTimeout(service=name, retry_after=1)
    succeeded, value = outcome[0]
    if not succeeded:
        raise value
    answer: R = value
    return answer


async def await_within(seconds: float, awaitable: Awaitable[R], *, service: str) -> R:
    """Await at most so long; the awaited task is cancelled and ExternalServiceTimeout raised."""
    try:
        async with asyncio.timeout(seconds):
            return await awaitable
    except TimeoutError as error:
        raise ExternalServiceTimeout(service=service, retry_after=1) from error
