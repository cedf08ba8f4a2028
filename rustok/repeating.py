"""Threads that do one small thing again and again for as long as the process lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from rustok.telemetry.logging import log_event


def repeat(
    step: Callable[[], object], *, every: float, name: str, stopped: threading.Event | None = None
) -> threading.Thread:
    """Call `step` every so many seconds in a daemon thread, until `stopped`; what it raises is logged.

    A watcher that dies of one bad moment would leave its process blind until somebody restarts it.
    """
    over = stopped or threading.Event()

    def run() -> None:
        while not over.wait(every):
            try:
                step()
            except Exception as error:  # noqa: BLE001 - see above
                log_event("thread.step_failed", level=logging.ERROR, thread=name, error=repr(error)[:300])

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
