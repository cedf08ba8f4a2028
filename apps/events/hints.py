"""Hints to the relay after a commit: lossy, coalesced, and free for the caller.

`hint()` sets a flag. One daemon thread per process waits a moment for more commits and then sends one Celery message
for all of them: a relay that starts for each commit spends most of its time on starting. A broker that is down costs
that thread a bounded wait and then a pause, never a request (trap 45). What is lost is found by the beat's sweep,
because the wake-up is a committed row.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from rustok.context import UNTRACED, amended, current
from rustok.telemetry.logging import log_event

INTERVAL: Final = 0.06  # seconds from the first flag to its message, which stands for every flag until then
BROKEN: Final = 2.0  # seconds of silence after a failed message


class HintSender:
    """Coalesces any number of `hint()` calls into messages sent by `send` from a thread of its own."""

    def __init__(self, send: Callable[[], None], *, interval: float = INTERVAL, broken: float = BROKEN) -> None:
        """Nothing starts before the first hint."""
        self._send = send
        self._interval = interval
        self._broken = broken
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._pid = 0
        self._trace = UNTRACED
        self._stopped = threading.Event()

    def hint(self) -> None:
        """Ask for a message; returns at once. The first call in a process (also after a fork) starts the thread."""
        if self._pid != os.getpid():
            self._start()
        if not self._wanted.is_set():
            self._trace = current().trace
        self._wanted.set()

    def stop(self) -> None:
        """End the thread after its current message; for tests."""
        self._stopped.set()
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._wanted, self._stopped = threading.Event(), threading.Event()
            self._pid = os.getpid()
            threading.Thread(target=self._run, name="event-hints", daemon=True).start()

    def _run(self) -> None:
        wanted, stopped = self._wanted, self._stopped
        while not stopped.is_set():
            wanted.wait()
            stopped.wait(self._interval)
            wanted.clear()
            if stopped.is_set():
                return
            with amended(trace=self._trace):  # the message speaks for many commits; it goes on in the first one's trace
                sent = self._try()
            if not sent:
                stopped.wait(self._broken)

    def _try(self) -> bool:
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the sweep will do
            log_event("relay.hint_lost", level=logging.WARNING, error=type(error).__name__)
            return False
        return True


_senders: list[HintSender] = []


def use_sender(sender: HintSender | None) -> None:
    """Bind the process's sender (the relay's task does this when it is imported); None silences hints."""
    _senders[:] = [] if sender is None else [sender]


def hint() -> None:
    """Ask the bound sender for a message, if there is one."""
    for sender in _senders:
        sender.hint()
