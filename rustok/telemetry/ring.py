"""The newest traces of an installation in Valkey: a bounded buffer that every process writes and the consoles read.

Grouped by trace: `limit` of the newest ones, and as a second ring a quarter of that for those worth keeping (failed or
slow), so that a burst of good ones does not push them out. The newest are found without knowing an id; one trace is one
read by its id. Everything is bounded: traces, items of one trace, bytes of one item, days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import orjson
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rustok.config import config

NAMESPACE = "rustok"  # what the keys begin with; tests have their own
MOST: Final = 256  # items of one trace
PER_TRACE: Final = 24  # items of a trace on average, where the whole ring is full
LONGEST: Final = 8_192  # bytes of one item
SECONDS: Final = 24 * 3600
TIMEOUT: Final = 0.5  # seconds

# KEYS: index, kept, facts, total, counts (items by trace, because a list that has expired tells no length).
# ARGV: prefix, limit, kept limit, items in all, items of one, seconds, then per trace: id, time (ms), keep (0/1),
# facts, number of items, items. The keys of the traces begin with the prefix.
_WRITE: Final = """
local prefix, limit, kept_limit, all, most, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]),
    tonumber(ARGV[5]), tonumber(ARGV[6])
local at = 7
while at <= #ARGV do
    local id, ms, keep, facts, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
    local key = prefix .. id
    local more = math.min(count, most - redis.call('LLEN', key))
    for i = 1, more do redis.call('RPUSH', key, ARGV[at + 4 + i]) end
    if more > 0 then
        redis.call('INCRBY', KEYS[4], more)
        redis.call('HINCRBY', KEYS[5], id, more)
    end
    redis.call('EXPIRE', key, ttl)
    redis.call('ZADD', KEYS[1], 'LT', ms, id)
    if keep == '1' then redis.call('ZADD', KEYS[2], 'LT', ms, id) end
    if facts ~= '' then
        local known = redis.call('HGET', KEYS[3], id)
        if not known or tonumber(ms) <= tonumber(string.match(known, '^%d+')) then
            redis.call('HSET', KEYS[3], id, ms .. facts)
        end
    end
    at = at + 5 + count
end
local function forget(id)
    redis.call('DECRBY', KEYS[4], redis.call('HGET', KEYS[5], id) or 0)
    redis.call('DEL', prefix .. id)
    redis.call('HDEL', KEYS[3], id)
    redis.call('HDEL', KEYS[5], id)
end
while redis.call('ZCARD', KEYS[2]) > kept_limit do
    local id = redis.call('ZPOPMIN', KEYS[2])[1]
    if not redis.call('ZSCORE', KEYS[1], id) then forget(id) end
end
while redis.call('ZCARD', KEYS[1]) > limit do
    local id = redis.call('ZPOPMIN', KEYS[1])[1]
    if not redis.call('ZSCORE', KEYS[2], id) then forget(id) end
end
while tonumber(redis.call('GET', KEYS[4]) or '0') > all do
    local oldest = redis.call('ZPOPMIN', KEYS[1])[1] or redis.call('ZPOPMIN', KEYS[2])[1]
    if not oldest then redis.call('SET', KEYS[4], 0) break end
    redis.call('ZREM', KEYS[2], oldest)
    forget(oldest)
end
"""


@dataclass(slots=True)
class Group:
    """What one batch says of one trace. `at` is the earliest moment in milliseconds; `facts` what lists show of it."""

    at: int
    keep: bool = False
    facts: Mapping[str, Any] | None = None
    items: list[bytes] = field(default_factory=list)


class Ring:
    """One buffer of the installation, by name. Writers and readers raise `redis.RedisError` when Valkey is away."""

    def __init__(self, client: redis.Redis, name: str, *, limit: int) -> None:
        """`limit` traces; nothing is written before the first batch."""
        self.limit = limit
        self._client = client
        self._prefix = f"{NAMESPACE}:{{{name}}}:"  # one hash slot, for a cluster
        self._keys = [self._prefix + part for part in ("index", "kept", "facts", "total", "counts")]
        self._script = client.register_script(_WRITE)

    def write(self, groups: Mapping[str, Group]) -> None:
        """Add items to their traces; one round trip."""
        kept = max(1, self.limit // 4)
        arguments: list[Any] = [
            f"{self._prefix}of:", self.limit, kept, max((self.limit + kept) * PER_TRACE, 2 * MOST), MOST, SECONDS,
        ]  # fmt: skip
        for trace_id, group in groups.items():
            facts = orjson.dumps(group.facts) if group.facts else b""
            items = [item for item in group.items if len(item) <= LONGEST][:MOST]
            arguments += [trace_id, group.at, int(group.keep), facts, len(items), *items]
        self._script(keys=self._keys, args=arguments)

    def items(self, trace_id: str) -> list[bytes]:
        """Everything that is kept of a trace, in order of arrival; empty for an unknown one."""
        found: list[bytes] = self._client.lrange(f"{self._prefix}of:{trace_id}", 0, -1)  # type: ignore[assignment]  # the stubs also know the asynchronous client
        return found

    def facts(self) -> dict[str, dict[str, Any]]:
        """What is known of each kept trace, by its id. One round trip, the whole list: about 300 bytes a trace."""
        known: Mapping[bytes, bytes] = self._client.hgetall(self._keys[2])  # type: ignore[assignment]  # as above
        return {trace_id.decode(): orjson.loads(raw[raw.index(b"{") :]) for trace_id, raw in known.items()}

    def clear(self) -> None:
        """Forget everything."""
        found: Iterable[bytes] = self._client.scan_iter(match=f"{self._prefix}*".replace("{", "\\{"), count=1000)
        for batch in _chunks(list(found), 500):
            self._client.delete(*batch)


def _chunks(names: Sequence[bytes], size: int) -> Iterable[Sequence[bytes]]:
    return (names[start : start + size] for start in range(0, len(names), size))


@cache
def client(url: str) -> redis.Redis:
    """The process's client of the telemetry buffers, with short patience: observing must not take long."""
    made: redis.Redis = redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=30,
    )
    return made


def traces() -> Ring:
    """The spans of the newest traces."""
    return Ring(client(config().redis_url.get_secret_value()), "traces", limit=config().trace_buffer)


def lines() -> Ring:
    """The log lines of the newest traces."""
    return Ring(client(config().redis_url.get_secret_value()), "lines", limit=config().trace_buffer)
