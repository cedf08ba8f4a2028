"""Redis Streams, on Redis 6.2 or newer and Valkey: a stream per partition, one per topic for the dead letters.

A call's messages go in one MULTI/EXEC, so they are stored together or not at all; EXEC's reply is the confirmation.
How durable that is decides the server (`appendonly`, `appendfsync`): with `everysec` a crash of the server may take the
last second with it. The keys of a topic share a hash tag, so that a cluster keeps them in one slot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.events.transports.brokers import BrokerDown, BrokerHung, Parcel, Received, Topology

LARGEST: Final = 8 * 1024 * 1024  # a stream takes 512 MB; one event of that size would block the server
_BODY: Final = b"body"
_ID: Final = b"id"


def connect(url: str, topology: Topology, timeout: float) -> RedisStreams:
    """One connection with its streams and groups made. Raises BrokerDown."""
    with _speaking():
        pool = redis.ConnectionPool.from_url(
            url,
            max_connections=1,
            protocol=3,  # only its parser lets the time limit change from call to call
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),  # a silent second try would publish twice behind our back
        )
        client = redis.Redis(connection_pool=pool)
    broker = RedisStreams(client, topology)
    try:
        broker.ensure(timeout=timeout)
    except BrokerDown:
        broker.close()
        raise
    return broker


@contextmanager
def _speaking() -> Iterator[None]:
    """Redis' errors as ours."""
    try:
        yield
    except redis.TimeoutError as error:
        raise BrokerHung("no answer in time") from error
    except (redis.RedisError, OSError, ValueError) as error:
        raise BrokerDown(f"{type(error).__name__}: {error}"[:200]) from error


class RedisStreams:
    """The protocol `Broker` on one connection."""

    atomic = True
    largest = LARGEST

    def __init__(self, client: redis.Redis, topology: Topology) -> None:
        """Use a client whose pool has one connection."""
        self._client: Any = client  # typed upstream for both its sync and its async face at once
        self._topology = topology
        self._handed: dict[tuple[str, int], bytes] = {}

    def key(self, part: int | str) -> str:
        """The stream of a partition, or of `dead`."""
        return f"{{{self._topology.topic}}}:{part}"

    def ensure(self, *, timeout: float) -> None:
        """Create the groups (from the first message on) and with them the streams."""
        self._within(timeout)
        with _speaking():
            for group in self._topology.groups:
                for partition in range(self._topology.partitions):
                    self._make_group(group, partition)
            self._client.ping()

    def _make_group(self, group: str, partition: int) -> None:
        try:
            self._client.xgroup_create(self.key(partition), group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """XADD all in one transaction; a stream that holds something else refuses its own messages only."""
        try:
            self._within(timeout)
            with _speaking():
                answers = self._execute(parcels)
        except BrokerDown as error:
            return [Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))] * len(parcels)
        return [_outcome(answer) for answer in answers]

    def _execute(self, parcels: Sequence[Parcel]) -> list[Any]:
        oldest = int((time.time() - self._topology.retention) * 1000)
        with self._client.pipeline(transaction=True) as pipeline:
            for parcel in parcels:
                fields: dict[Any, Any] = {_ID: parcel.id, **parcel.headers, _BODY: parcel.body}
                pipeline.xadd(self.key(parcel.partition), fields, minid=oldest, approximate=True)
            answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """First what this group's reader got and did not settle, then new messages; waits up to `timeout` for them."""
        until = time.monotonic() + timeout
        place = (group, partition)
        if place in self._handed or not (found := self._group(place, self._after(place), limit, None)):
            wait = max(1, int((until - time.monotonic()) * 1000))
            found = self._group(place, b">", limit, wait)
        if found:
            self._handed[place] = b">"
        return found

    def _after(self, place: tuple[str, int]) -> bytes:
        return self._handed.get(place, b"0")

    def _group(self, place: tuple[str, int], start: bytes, limit: int, wait: int | None) -> list[Received]:
        group, partition = place
        self._within((wait or 0) / 1000 + 2.0)
        with _speaking():
            streams = {self.key(partition): start}
            answer = self._client.xreadgroup(group, f"reader-{partition}", streams, count=limit, block=wait)
        portions = (answer or {}).values()
        return _received(partition, (entry for portion in portions for entries in portion for entry in entries))

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:
        """XACK."""
        self._within(timeout)
        with _speaking():
            for partition in {message.partition for message in received}:
                ids = [message.token for message in received if message.partition == partition]
                self._client.xack(self.key(partition), group, *ids)

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Add to the dead stream and acknowledge, in one transaction."""
        self._within(timeout)
        headers = {**received.headers, "reason": reason, "group": group}
        with _speaking(), self._client.pipeline(transaction=True) as pipeline:
            fields: dict[Any, Any] = {_ID: received.id, **headers, _BODY: received.body}
            pipeline.xadd(self.key("dead"), fields)
            pipeline.xack(self.key(received.partition), group, received.token)
            pipeline.execute()

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """XRANGE; ids begin with the server's time in milliseconds."""
        self._within(timeout)
        start = f"({after}" if after else (str(int(since.timestamp() * 1000)) if since else "-")
        with _speaking():
            return _received(partition, self._client.xrange(self.key(partition), min=start, count=limit))

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """XRANGE of the dead stream."""
        self._within(timeout)
        with _speaking():
            return _received(-1, self._client.xrange(self.key("dead"), count=limit))

    def ping(self, *, timeout: float) -> None:
        """PING."""
        self._within(timeout)
        with _speaking():
            self._client.ping()

    def close(self) -> None:
        """Close the socket."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(redis.RedisError, OSError):
                client.connection_pool.disconnect()

    def _within(self, timeout: float) -> None:
        """Give the one connection this long for its next answers."""
        if self._client is None:
            raise BrokerDown("closed")
        pool = self._client.connection_pool
        with _speaking():
            connection = pool.get_connection()
            connection.update_current_socket_timeout(timeout)
            pool.release(connection)


def _outcome(answer: object) -> Outcome:
    if isinstance(answer, Exception):
        return Refused(reason=f"{type(answer).__name__}: {answer}"[:200], destination=True)
    return DELIVERED


def _received(partition: int, entries: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Received]:
    found = []
    for entry_id, fields in entries:
        if fields is None:  # trimmed while it was pending
            continue
        headers = {name.decode(): value.decode() for name, value in fields.items() if name not in (_BODY, _ID)}
        body = fields.get(_BODY, b"")
        name = fields.get(_ID, b"").decode()
        found.append(Received(name, entry_id.decode(), partition, headers, body, token=entry_id))
    return found
