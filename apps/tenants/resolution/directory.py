"""Who lives where: tenants by slug and by host, cached in the process, correct within two seconds.

A hit costs no statement. Once a second one look-up asks for the list of changes since the last revision (a primary-key
range, normally empty) and drops exactly what changed; unknown hosts are forgotten on any change. Nothing else is
relied on: no pub/sub that can be lost, no shared cache that can be down.

Staleness: an answer was true at most `HARD_SECONDS` ago. Past `SOFT_SECONDS` the first caller checks, the others go on
with what they have; past `HARD_SECONDS` everybody waits for the check. TTLs (jittered against stampedes) only bound
what raw SQL changed behind the services' back.
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final, Protocol
from uuid import UUID

from apps.tenants.errors import TenantNotFound
from apps.tenants.resolution.source import LOT, Change, Key, PostgresSource
from rustok.config import config
from rustok.context import TenantRef
from rustok.errors.families import DatabaseUnavailable

SOFT_SECONDS: Final = 1.0
HARD_SECONDS: Final = 2.0
CAPACITY: Final = 10_000
UNKNOWN_CAPACITY: Final = 2_000
_JITTER: Final = 0.2
_PATIENCE: Final = 5.0  # seconds that a waiter gives the one who loads


class Source(Protocol):
    """Where the truth is."""

    def load(self, key: Key) -> TenantRef | None:
        """The tenant under a key."""

    def latest(self) -> int:
        """The newest revision."""

    def changes_after(self, revision: int) -> list[Change]:
        """Changes after a revision, oldest first, at most `LOT`."""


@dataclass(frozen=True, slots=True)
class _Entry:
    ref: TenantRef | None
    expires: float


class Directory:
    """A bounded, self-checking cache over a source. One per process; safe for threads."""

    def __init__(
        self, source: Source, *, ttl: float, unknown_ttl: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`ttl` and `unknown_ttl` are seconds; up to 20 % is taken off at random."""
        self._source, self._clock = source, clock
        self._ttl, self._unknown_ttl = ttl, unknown_ttl
        self._known: OrderedDict[Key, _Entry] = OrderedDict()
        self._unknown: OrderedDict[Key, _Entry] = OrderedDict()
        self._loads: dict[Key, Future[TenantRef | None]] = {}
        self._lock, self._check_lock = Lock(), Lock()
        self._revision: int | None = None
        self._generation = 0
        self._checked_at = float("-inf")

    def by_slug(self, slug: str) -> TenantRef:
        """The tenant with this slug; raises TenantNotFound."""
        return self._get(Key("slug", slug), shown=slug)

    def by_host(self, host: str) -> TenantRef:
        """The tenant with this verified domain, given in canonical form; raises TenantNotFound."""
        return self._get(Key("host", host), shown=host)

    def recheck(self) -> None:
        """Ask for changes at the next look-up; the process that made a change calls it after its commit."""
        self._checked_at = float("-inf")

    def size(self) -> int:
        """How many answers are remembered, unknown ones included."""
        return len(self._known) + len(self._unknown)

    def _get(self, key: Key, *, shown: str) -> TenantRef:
        self._ensure_checked()
        entry = self._known.get(key) or self._unknown.get(key)
        ref = entry.ref if entry is not None and entry.expires > self._clock() else self._load(key)
        if ref is None:
            raise TenantNotFound(host=shown)
        return ref

    # -- loading, one caller per key

    def _load(self, key: Key) -> TenantRef | None:
        with self._lock:
            future = self._loads.get(key)
            leading = future is None
            if future is None:
                future = self._loads[key] = Future()
            generation = self._generation
        if leading:
            return self._lead(key, future, generation)
        try:
            return future.result(timeout=_PATIENCE)
        except TimeoutError:
            raise DatabaseUnavailable from None

    def _lead(self, key: Key, future: Future[TenantRef | None], generation: int) -> TenantRef | None:
        try:
            ref = self._source.load(key)
        except BaseException as error:  # whatever it is, those who wait must not wait for ever
            with self._lock:
                del self._loads[key]
            future.set_exception(error)
            raise
        with self._lock:
            if generation == self._generation:  # else a change came in between: this answer may be the old one
                self._store(key, ref)
            del self._loads[key]
        future.set_result(ref)
        return ref

    def _store(self, key: Key, ref: TenantRef | None) -> None:
        kept, ttl, capacity = (
            (self._unknown, self._unknown_ttl, UNKNOWN_CAPACITY) if ref is None else (self._known, self._ttl, CAPACITY)
        )
        lifetime = ttl * (1 - _JITTER * random.random())  # noqa: S311 - spreads load, guards nothing
        kept[key] = _Entry(ref, self._clock() + lifetime)
        kept.move_to_end(key)
        while len(kept) > capacity:
            kept.popitem(last=False)

    # -- following changes

    def _ensure_checked(self) -> None:
        age = self._clock() - self._checked_at
        if age < SOFT_SECONDS:
            return
        urgent = age >= HARD_SECONDS
        if not self._check_lock.acquire(blocking=urgent, timeout=_PATIENCE if urgent else -1):
            if urgent:
                raise DatabaseUnavailable
            return
        try:
            if self._clock() - self._checked_at >= SOFT_SECONDS:
                self._check()
        finally:
            self._check_lock.release()

    def _check(self) -> None:
        started = self._clock()
        if self._revision is None:
            self._forget_all(self._source.latest())
        else:
            changes = self._source.changes_after(self._revision)
            if len(changes) >= LOT or (changes and changes[0].revision != self._revision + 1):
                self._forget_all(self._source.latest())
            elif changes:
                self._forget({change.tenant_id for change in changes}, changes[-1].revision)
        self._checked_at = started

    def _forget(self, tenants: set[UUID], revision: int) -> None:
        with self._lock:
            self._generation += 1
            self._revision = revision
            self._unknown.clear()
            for key in [key for key, entry in self._known.items() if entry.ref and entry.ref.id in tenants]:
                del self._known[key]

    def _forget_all(self, revision: int) -> None:
        with self._lock:
            self._generation += 1
            self._revision = revision
            self._unknown.clear()
            self._known.clear()


@cache
def directory() -> Directory:
    """The process's directory."""
    return Directory(PostgresSource(), ttl=config().tenant_cache_ttl, unknown_ttl=config().tenant_negative_ttl)
