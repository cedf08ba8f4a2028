"""Following changes: one daemon thread per process asks for the version, at least every `INTERVAL` seconds.

A message on Valkey only makes it look sooner; lost messages, a dead Valkey or a dead listener change nothing about the
bound. LISTEN/NOTIFY is not used: it dies behind transaction poolers. Commands and tests do without a thread and look
when they read.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from django.db import connection

from apps.flags.snapshots import Snapshot
from apps.flags.store import FlagStore
from rustok.context import ExecutionContext, use
from rustok.telemetry import log_event

INTERVAL: Final = 0.4  # seconds between two looks at the version
PATIENCE: Final = 1.5  # seconds that the very first reader of a process gives the store before it takes what is on disk
DEADLINE: Final = 3.0  # seconds for one look; a frozen server costs the thread no more than that


class Hints(Protocol):
    """Something that may end a wait early."""

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or sooner when somebody announced a change."""


class Poller:
    """Keeps a store fresh. `threaded` False: the reader looks itself when the last look is older than `interval`."""

    def __init__(
        self,
        store: FlagStore,
        hints: Callable[[], Hints],
        *,
        threaded: bool,
        interval: float = INTERVAL,
    ) -> None:
        """Nothing starts before the first `current`."""
        self.store = store
        self._hints, self._threaded, self._interval = hints, threaded, interval
        self._lock = threading.Lock()
        self._pid = 0
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._looked_at = float("-inf")

    def current(self) -> Snapshot:
        """The snapshot to use now. Costs nothing but the very first time in a process."""
        if not self._threaded:
            return self._looked()
        if self._pid != os.getpid():
            self._start()
        return self.store.snapshot or self._first()

    def refresh(self) -> None:
        """Look now; for the process that has just changed something."""
        self.store.poll()
        self._looked_at = time.monotonic()

    def stop(self) -> None:
        """End the thread; for tests."""
        self._stopped.set()

    def _looked(self) -> Snapshot:
        if time.monotonic() - self._looked_at >= self._interval:
            self.refresh()
        return self.store.load()

    def _first(self) -> Snapshot:
        self._ready.wait(PATIENCE)
        return self.store.snapshot or self.store.fallen_back()

    def _start(self) -> None:
        """Start the thread of this process; a fork brings the snapshot along but no thread."""
        with self._lock:
            if self._pid == os.getpid():
                return
            self._ready, self._stopped = threading.Event(), threading.Event()
            self._pid = os.getpid()
            threading.Thread(target=self._run, name="flags", daemon=True).start()

    def _run(self) -> None:
        ready, stopped, hints = self._ready, self._stopped, self._hints()
        while not stopped.is_set():
            self._look()
            ready.set()
            hints.wait(self._interval)

    def _look(self) -> None:
        """One look of the thread; whatever goes wrong, the next one comes."""
        try:
            with use(ExecutionContext(deadline=time.monotonic() + DEADLINE)):
                self.store.poll()
        except Exception as error:  # noqa: BLE001 - a thread that dies would freeze the flags for good
            log_event("flags.poll_failed", level=logging.ERROR, error=type(error).__name__)
        finally:
            connection.close()  # asked for here: the proxy's attributes belong to the thread that reads them
