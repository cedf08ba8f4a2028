"""Takes what a process observed (spans, log lines) to somewhere else, from a thread of its own.

Lossy on purpose: `put` never waits and never raises. What a receiver that hangs or is down cannot take is dropped and
counted; telemetry must not fail the work that it tells of.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from rustok.telemetry.logging import log_event
from rustok.telemetry.metrics import observe_dropped

QUEUE: Final = 4096  # items that may wait; about 1 KiB each
BATCH: Final = 512
INTERVAL: Final = 1.0  # seconds in which items are collected: a batch costs as much as rendering fifty spans
BROKEN: Final = 2.0  # seconds of silence after a failed batch


class _Here:
    """This process: asking the system at every item would cost as much as queueing it."""

    def __init__(self) -> None:
        self.pid = os.getpid()

    def look(self) -> None:
        self.pid = os.getpid()


_here: Final = _Here()
os.register_at_fork(after_in_child=_here.look)


class Shipper:
    """Collects items and hands them to `send` in batches. Safe between threads and after a fork."""

    def __init__(
        self,
        name: str,
        send: Callable[[Sequence[Any]], None],
        *,
        queue: int = QUEUE,
        batch: int = BATCH,
        interval: float = INTERVAL,
        broken: float = BROKEN,
    ) -> None:
        """Nothing starts before the first item. `send` may block and raise; it is called by one thread at a time."""
        self.name = name
        self.dropped = 0
        self._send, self._size, self._batch = send, queue, batch
        self._interval, self._broken = interval, broken
        self._lock = threading.Lock()
        self._pid = 0
        self._failing = False
        self._renew()

    def put(self, item: Any) -> None:
        """Queue one item, or drop it when too many wait. About half a microsecond."""
        if self._pid != _here.pid:
            self._start()
        items = self._items
        if len(items) >= self._size:
            self._drop(1)
            return
        items.append(item)
        if not self._wanted.is_set():
            self._wanted.set()
        if len(items) >= self._batch and not self._hurry.is_set():
            self._hurry.set()

    def flush(self, seconds: float) -> bool:
        """Have everything sent, waiting at most `seconds`; False when something was left."""
        if self._pid != os.getpid():
            return True
        until = time.monotonic() + seconds
        self._flushing.set()
        self._hurry.set()
        self._wanted.set()
        with self._idle:
            while (self._items or self._sending) and (left := until - time.monotonic()) > 0:
                self._idle.wait(left)
            done = not self._items and not self._sending
        self._flushing.clear()
        return done

    def _drop(self, items: int) -> None:
        self.dropped += items
        observe_dropped(self.name, items)

    def _renew(self) -> None:
        self._items: deque[Any] = deque()
        self._wanted, self._hurry, self._flushing = threading.Event(), threading.Event(), threading.Event()
        self._idle = threading.Condition()
        self._sending = False

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._renew()  # what the parent process had queued is the parent's to send
            self._pid = os.getpid()
            threading.Thread(target=self._run, name=f"telemetry-{self.name}", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._hurry.wait(self._interval)
            self._hurry.clear()
            self._wanted.clear()
            while self._items:
                if not self._ship():
                    self._rest()
            with self._idle:
                self._idle.notify_all()

    def _ship(self) -> bool:
        self._sending = True
        batch = [self._items.popleft() for _ in range(min(len(self._items), self._batch))]
        try:
            self._send(batch)
        except Exception as error:  # noqa: BLE001 - whatever a client raises: telemetry is dropped, work goes on
            self._drop(len(batch))
            if not self._failing:
                reason = type(error).__name__
                log_event("telemetry.lost", level=logging.WARNING, buffer=self.name, error=reason)
            self._failing = True
            return False
        finally:
            self._sending = False
        self._failing = False
        return True

    def _rest(self) -> None:
        """Leave a receiver that failed alone for a moment, unless somebody waits to end the process."""
        self._flushing.wait(self._broken)
