"""The process's flags: one snapshot in memory, checked by version, kept when the store is down.

`poll` asks for the version and reads everything when it differs. Readers never wait for it: they take the snapshot that
is there. A state that was read later replaces one that was read earlier, never the other way round (one reader at a
time). Cold start with the store down: the last known state from disk, else declared flags, all off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Final, Protocol
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from apps.flags.metrics import POLLS, VERSION
from apps.flags.snapshots import DECLARED, FROM_DATABASE, FROM_DISK, Document, NotLookedUp, Snapshot, compiled, empty
from rustok.errors import DomainError
from rustok.telemetry import log_event

DOWN: Final = (DatabaseError, InterfaceError, DomainError, OSError)
"""What a store that cannot be read raises: the driver's errors, our own typed ones, the network's."""


class Source(Protocol):
    """Where the truth is."""

    def version(self) -> int:
        """The newest version."""

    def document(self) -> Document:
        """Everything, of one moment."""

    def ordinal(self, subject: str) -> int | None:
        """The dense number of an id."""


class Disk(Protocol):
    """Where the last known state is."""

    def read(self) -> Document | None:
        """The stored document, if there is one."""

    def write(self, document: Document) -> bool:
        """Store it unless a newer one is there."""


class FlagStore:
    """Holds the snapshot. Safe for threads; reading costs nothing."""

    def __init__(self, source: Source, disk: Disk, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is read before the first `poll` or `load`."""
        self._source, self._disk, self._clock = source, disk, clock
        self._reading, self._placing = Lock(), Lock()
        self._snapshot: Snapshot | None = None
        self._confirmed_at: float | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """What is known now; None before the first load."""
        return self._snapshot

    def age(self) -> float:
        """Seconds since the store last confirmed the snapshot; infinite when it never did."""
        return float("inf") if self._confirmed_at is None else self._clock() - self._confirmed_at

    def load(self) -> Snapshot:
        """The snapshot, from the store at first, else from disk, else what is declared."""
        if self._snapshot is None:
            self.poll()
        return self._snapshot or self.fallen_back()

    def poll(self) -> bool:
        """Bring the snapshot to the newest version. False: the store does not answer, and what is known stays."""
        with self._reading:
            started = self._clock()
            try:
                self._refresh()
            except DOWN as error:
                log_event("flags.store_down", level=logging.WARNING, error=type(error).__name__)
                POLLS.labels("down").inc()
                return False
            self._confirmed_at = started
            POLLS.labels("fresh").inc()
            VERSION.set(self._snapshot.version if self._snapshot is not None else 0)
            return True

    def _refresh(self) -> None:
        known = self._snapshot
        if known is not None and known.origin == FROM_DATABASE and self._source.version() == known.version:
            return
        document = self._source.document()
        fresh = compiled(document, origin=FROM_DATABASE, find=self._find)
        with self._placing:
            self._snapshot = fresh
        self._disk.write(document)

    def fallen_back(self) -> Snapshot:
        """What is known without the store, for a reader that must not wait for it any longer."""
        with self._placing:
            if self._snapshot is None:
                stored = self._disk.read()
                origin = DECLARED if stored is None else FROM_DISK
                self._snapshot = compiled(stored or empty(), origin=origin, find=self._find)
                log_event("flags.cold_start", level=logging.WARNING, origin=origin, version=self._snapshot.version)
            return self._snapshot

    def _find(self, subject: str) -> int | None:
        """A look-up for a large directory."""
        try:
            return self._source.ordinal(str(UUID(subject)))
        except ValueError:
            return None
        except DOWN as error:
            raise NotLookedUp from error
