"""Where the records of sick breakers live: Valkey/Redis for all processes, memory for one.

A store only compares and swaps; what a change means is in `core`. A healthy breaker has no record, so a look at all of
them costs as much as there are sick ones. PostgreSQL's store is in `apps.operations.breakers`, which owns its table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import orjson
import redis

from rustok.resilience.circuit_breaker.core import Override, Record, State

ATTEMPTS: Final = 8
SOCKET_SECONDS: Final = 0.25
HASH: Final = "rustok:breakers"


class StoreUnavailable(Exception):
    """The store does not answer in time, or the record moves faster than we can swap it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record as read: `token` is what it must still be when it is swapped, `now` the store's clock in seconds."""

    record: Record
    token: bytes
    now: float


class BreakerStore(Protocol):
    """Atomic records by key. Every method raises StoreUnavailable within a fraction of a second."""

    def read(self, key: str) -> Held:
        """The record (a settled one when there is none) with the store's clock."""

    def swap(self, key: str, token: bytes, record: Record) -> bool:
        """Write the record if nobody has changed it since it was read; a settled record is removed."""

    def everything(self) -> tuple[Mapping[str, Record], float]:
        """All records that are not settled, and the store's clock."""


def dump(record: Record) -> bytes:
    """The stored form; b"" for a settled record."""
    return b"" if record.is_settled else orjson.dumps(asdict(record), option=orjson.OPT_SORT_KEYS)


def load(raw: bytes) -> Record:
    """The record of a stored form; anything unreadable (another release's) counts as settled."""
    if not raw:
        return Record()
    try:
        members: dict[str, Any] = orjson.loads(raw)
        override = members.pop("override")
        if override is not None:
            override = Override(**{**override, "state": State(override["state"])})
        return Record(**{**members, "state": State(members["state"]), "override": override})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Record()


def update(store: BreakerStore, key: str, change: Callable[[Record, float], Record]) -> Held:
    """Apply a pure change atomically; two round trips, none written when the change changes nothing."""
    for _attempt in range(ATTEMPTS):
        held = store.read(key)
        changed = change(held.record, held.now)
        if changed == held.record or store.swap(key, held.token, changed):
            return Held(changed, b"", held.now)
    raise StoreUnavailable("the record changes faster than it can be swapped")


class MemoryStore:
    """For one process: tests, and the fallback while the shared store is down."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Start empty."""
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[str, bytes] = {}

    def read(self, key: str) -> Held:
        """Read from memory."""
        raw = self._rows.get(key, b"")
        return Held(load(raw), raw, self._clock())

    def swap(self, key: str, token: bytes, record: Record) -> bool:
        """Swap under a lock."""
        raw = dump(record)
        with self._lock:
            if self._rows.get(key, b"") != token:
                return False
            if raw:
                self._rows[key] = raw
            else:
                self._rows.pop(key, None)
        return True

    def everything(self) -> tuple[Mapping[str, Record], float]:
        """All rows."""
        return {key: load(raw) for key, raw in list(self._rows.items())}, self._clock()


_SWAP: Final = """
local held = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if held ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
"""


class RedisStore:
    """One hash with a field per sick breaker. Socket waits are bounded; nothing is repeated behind our back."""

    def __init__(self, url: str, *, name: str = HASH) -> None:
        """Connect at the first question."""
        self._name = name
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS, retry=None, protocol=2
        )

    def read(self, key: str) -> Held:
        """One round trip."""
        raw, now = self._run(lambda pipe: pipe.hget(self._name, key).time())
        return Held(load(raw or b""), raw or b"", _seconds(now))

    def swap(self, key: str, token: bytes, record: Record) -> bool:
        """One round trip; a script makes it atomic."""
        (swapped,) = self._run(lambda pipe: pipe.eval(_SWAP, 1, self._name, key, token, dump(record)))
        return bool(swapped)

    def everything(self) -> tuple[Mapping[str, Record], float]:
        """One round trip."""
        rows, now = self._run(lambda pipe: pipe.hgetall(self._name).time())
        return {key.decode(): load(raw) for key, raw in rows.items()}, _seconds(now)

    def _run(self, fill: Callable[[Any], Any]) -> list[Any]:
        try:
            pipe = self._client.pipeline(transaction=False)
            fill(pipe)
            answers: list[Any] = pipe.execute()
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error
        return answers


def _seconds(now: tuple[int, int]) -> float:
    return now[0] + now[1] / 1_000_000
