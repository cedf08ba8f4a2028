"""Limits and nonces in Valkey: one script per request, about 50 µs of ours.

A connection per thread, commands packed here and answers in one string: the client's pool, its packing and its parsing
of nested answers cost half as much again. After a failure the store is left alone for a second, so that a dead Valkey
costs one timeout a second and not one a request.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from redis import Redis
from redis.exceptions import ConnectionError, NoScriptError, RedisError, TimeoutError

from apps.security.zero_trust.stores.base import Bucket, StoreDown, Taken

TIMEOUT_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 1.0
_PREFIX: Final = "rustok:trust:"

# KEYS: buckets. ARGV: the moment or 0, then per bucket what the charge costs and how deep the bucket is (microseconds).
# Arrival times stay below 2^53, where Lua's numbers are whole.
_SCRIPT: Final = """
local moment = tonumber(ARGV[1])
if moment == 0 then
    local clock = redis.call('TIME')
    moment = clock[1] * 1000000 + clock[2]
end
local stored = redis.call('MGET', unpack(KEYS))
local arrivals, refused = {}, -1
for i = 1, #KEYS do
    local arrival = math.max(tonumber(stored[i] or 0), moment)
    if refused == -1 and arrival + ARGV[2 * i] - moment > tonumber(ARGV[2 * i + 1]) then refused = i - 1 end
    arrivals[i] = arrival
end
if refused == -1 then
    for i = 1, #KEYS do
        arrivals[i] = arrivals[i] + ARGV[2 * i]
        local life = math.ceil((arrivals[i] - moment) / 1000) + 1000
        redis.call('SET', KEYS[i], string.format('%.0f', arrivals[i]), 'PX', life)
    end
end
for i = 1, #KEYS do arrivals[i] = string.format('%.0f', arrivals[i]) end
return string.format('%d %.0f ', refused, moment) .. table.concat(arrivals, ' ')
"""
_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class ValkeyTrustStore:
    """Safe for threads; raises StoreDown after at most `TIMEOUT_SECONDS`."""

    def __init__(self, url: str) -> None:
        """Connect at the first use."""
        self._client: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, decode_responses=False
        )
        self._own = threading.local()
        self._rests_until = 0.0

    def take(self, buckets: Sequence[Bucket], cost: int, *, now: int | None = None) -> Taken:
        """Charge every bucket, or none of them."""
        arguments: list[Any] = [_PREFIX + bucket.key for bucket in buckets]
        arguments.append(now or 0)
        for bucket in buckets:
            arguments += (bucket.interval * cost, bucket.depth)
        try:
            answer = self._ask("EVALSHA", _SHA, len(buckets), *arguments)
        except NoScriptError:
            answer = self._ask("EVAL", _SCRIPT, len(buckets), *arguments)
        refused, moment, *arrivals = map(int, answer.split())
        return Taken(tuple(buckets), refused, tuple(arrivals), moment, cost)

    def claim(self, digest: bytes, *, seconds: int) -> bool:
        """Whether this is the first claim of the nonce within `seconds`."""
        return self._ask("SET", _PREFIX.encode() + b"nonce:" + digest, 1, "NX", "EX", seconds) is not None

    def _ask(self, *command: Any) -> Any:
        if time.monotonic() < self._rests_until:
            raise StoreDown("left alone after a failure")
        try:
            return self._exchange(*command)
        except NoScriptError:
            raise
        except (RedisError, OSError) as error:
            self._rests_until = time.monotonic() + PAUSE_SECONDS
            self._drop()
            raise StoreDown(type(error).__name__) from error

    def _exchange(self, *command: Any) -> Any:
        kept = getattr(self._own, "connection", None) is not None
        try:
            connection = self._connection()
            connection.send_packed_command([_packed(command)])
            return connection.read_response()
        except TimeoutError:
            raise
        except ConnectionError:
            # The server may have been restarted since. A repeated charge or claim can only refuse too much.
            if not kept:
                raise
            self._drop()
            return self._exchange(*command)

    def _connection(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            made: Any = self._client.connection_pool.make_connection()
            made.connect()
            connection = self._own.connection = made
        return connection

    def _drop(self) -> None:
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.disconnect()


def _packed(command: Sequence[Any]) -> bytes:
    """The command as the protocol wants it (RESP): an array of byte strings."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
    return b"".join([b"*%d\r\n" % len(parts), *[b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]])
