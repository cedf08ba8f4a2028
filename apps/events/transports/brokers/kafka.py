"""Kafka by aiokafka: an idempotent producer that waits for all in-sync replicas, one reader per group and partition.

`kafka://[user:password@]host:9092[,host:9092]`; `kafkas://` speaks TLS, a user SASL/PLAIN. Readers are assigned to
their partition by hand, so that no rebalance moves it, and commit their offsets under the group's name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RequestTimedOutError

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.events.transports.brokers import BrokerDown, BrokerHung, Parcel, Received, Topology, loop, numbered

Answer = TypeVar("Answer")
Records = Sequence[Any]

LARGEST: Final = 1024 * 1024 - 8192  # the default of brokers, and room for headers
REPLICAS: Final = 3  # of a topic that we make, fewer in a smaller cluster
_EXISTS: Final = 36  # error code TOPIC_ALREADY_EXISTS


def connect(url: str, topology: Topology, timeout: float) -> Kafka:
    """A started producer with its topics made. Raises BrokerDown."""
    broker = Kafka(url, topology, timeout)
    try:
        broker.open(timeout=timeout)
    except BrokerDown:
        broker.close()
        raise
    return broker


@contextmanager
def _speaking() -> Iterator[None]:
    """Kafka's errors as ours."""
    try:
        yield
    except (KafkaTimeoutError, RequestTimedOutError, TimeoutError) as error:
        raise BrokerHung("no answer in time") from error
    except (KafkaError, OSError, ValueError) as error:
        raise BrokerDown(f"{type(error).__name__}: {error}"[:200]) from error


def _place(url: str) -> dict[str, Any]:
    """Addresses and credentials as aiokafka wants them."""
    parts = urlsplit(url)
    secure = parts.scheme == "kafkas"
    place: dict[str, Any] = {"bootstrap_servers": parts.netloc.rpartition("@")[2].split(",")}
    if secure:
        place["ssl_context"] = ssl.create_default_context()
    if parts.username:
        place |= {"sasl_mechanism": "PLAIN", "sasl_plain_username": unquote(parts.username)}
        place["sasl_plain_password"] = unquote(parts.password or "")
    security = {(False, False): "PLAINTEXT", (True, False): "SSL", (False, True): "SASL_PLAINTEXT"}
    place["security_protocol"] = security.get((secure, bool(parts.username)), "SASL_SSL")
    return place


class Kafka:
    """The protocol `Broker` on one producer and as many readers as were asked for."""

    atomic = False
    largest = LARGEST

    def __init__(self, url: str, topology: Topology, timeout: float) -> None:
        """Nothing is opened yet."""
        self._place = _place(url) | {"request_timeout_ms": max(100, int(timeout * 1000))}
        self._topology = topology
        self._producer: Any = None
        self._readers: dict[tuple[str, int], Any] = {}

    def open(self, *, timeout: float) -> None:
        """Start the producer and make the topics."""
        self._run(self._open(), timeout)

    async def _open(self) -> None:
        await self._ensure()
        self._producer = AIOKafkaProducer(**self._place, acks="all", enable_idempotence=True)
        await self._producer.start()

    def ensure(self, *, timeout: float) -> None:
        """Create missing topics, add missing partitions; groups need no making."""
        self._run(self._ensure(), timeout)

    async def _ensure(self) -> None:
        admin = AIOKafkaAdminClient(**self._place)
        await admin.start()
        try:
            age = {"retention.ms": str(int(self._topology.retention * 1000))}
            copies = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
            topics = [NewTopic(self._topology.topic, self._topology.partitions, copies, topic_configs=age)]
            topics.append(NewTopic(self._topology.dead, 1, copies, topic_configs={"retention.ms": "-1"}))
            answer = await admin.create_topics(topics)
            for error in answer.topic_errors:
                if error[1] not in (0, _EXISTS):
                    raise BrokerDown(f"topic {error[0]}: error {error[1]}")
            (found,) = await admin.describe_topics([self._topology.topic])
            if len(found["partitions"]) < self._topology.partitions:
                await admin.create_partitions({self._topology.topic: NewPartitions(self._topology.partitions)})
        finally:
            await admin.close()

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """Hand all to the producer and wait for the brokers' answers."""
        try:
            return self._run(self._send(parcels, timeout), timeout + loop.GRACE)
        except BrokerDown as error:
            return [Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))] * len(parcels)

    async def _send(self, parcels: Sequence[Parcel], timeout: float) -> list[Outcome]:
        sending = (asyncio.wait_for(self._publish(parcel), timeout) for parcel in parcels)
        answers = await asyncio.gather(*sending, return_exceptions=True)
        return [_outcome(answer) for answer in answers]

    async def _publish(self, parcel: Parcel) -> object:
        headers = _headers({**parcel.headers, "id": parcel.id})
        return await self._producer.send_and_wait(
            self._topology.topic, parcel.body, key=parcel.key.encode(), partition=parcel.partition, headers=headers
        )

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """What follows what this connection has handed out; a new one starts at the committed offset."""
        return self._run(self._receive(group, partition, limit, timeout), timeout + 2.0)

    async def _receive(self, group: str, partition: int, limit: int, timeout: float) -> list[Received]:
        reader = self._readers.get((group, partition))
        if reader is None:
            reader = await self._reader(self._topology.topic, partition, group_id=group)
            self._readers[group, partition] = reader
        found = await reader.getmany(timeout_ms=int(timeout * 1000), max_records=limit)
        return [_received(record) for records in found.values() for record in records]

    async def _reader(self, topic: str, partition: int, **options: Any) -> Any:
        reader = AIOKafkaConsumer(**self._place, enable_auto_commit=False, auto_offset_reset="earliest", **options)
        await reader.start()
        reader.assign([TopicPartition(topic, partition)])
        return reader

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:
        """Commit the offset after the last of each partition: acknowledges what came before it as well."""
        self._run(self._acknowledge(received, group), timeout)

    async def _acknowledge(self, received: Sequence[Received], group: str) -> None:
        for partition in {message.partition for message in received}:
            last = max(message.token for message in received if message.partition == partition)
            reader = self._readers[group, partition]
            await reader.commit({TopicPartition(self._topology.topic, partition): last + 1})

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Produce to the dead-letter topic, confirmed, then commit."""
        self._run(self._bury(received, group, reason), timeout)

    async def _bury(self, received: Received, group: str, reason: str) -> None:
        headers = _headers({**received.headers, "id": received.id, "reason": reason, "group": group})
        await self._producer.send_and_wait(self._topology.dead, received.body, partition=0, headers=headers)
        await self._acknowledge([received], group)

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """A reader without a group, for this one question."""
        work = self._read(self._topology.topic, partition, numbered(after) if after else None, since, limit)
        return self._run(work, timeout)

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """The start of the dead-letter topic."""
        return self._run(self._read(self._topology.dead, 0, None, None, limit), timeout)

    async def _read(
        self, topic: str, partition: int, after: int | None, since: datetime | None, limit: int
    ) -> list[Received]:
        reader, place = await self._reader(topic, partition), TopicPartition(topic, partition)
        try:
            end = (await reader.end_offsets([place]))[place]
            start = await _start(reader, place, after, since)
            found: list[Received] = []
            reader.seek(place, min(start if start is not None else end, end))
            while len(found) < limit and await reader.position(place) < end:
                batch = await reader.getmany(timeout_ms=500, max_records=limit - len(found))
                found += [_received(record) for records in batch.values() for record in records]
            return found
        finally:
            await reader.stop()

    def ping(self, *, timeout: float) -> None:
        """Ask the cluster for its metadata."""
        if self._producer is None:
            raise BrokerDown("closed")
        self._run(self._ping(), timeout)

    async def _ping(self) -> None:
        if not await self._producer.client.force_metadata_update():
            raise BrokerDown("no broker of the cluster answers")

    def close(self) -> None:
        """Stop the clients; what is stuck is dropped."""
        with suppress(BrokerDown):
            self._run(self._close(), 1.0)

    async def _close(self) -> None:
        readers, producer = list(self._readers.values()), self._producer
        self._readers.clear()
        self._producer = None
        dropping = [_drop(producer)] if producer is not None else []
        await asyncio.gather(*(reader.stop() for reader in readers), *dropping, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, Answer], timeout: float) -> Answer:
        with _speaking():
            return loop.run(work, timeout=timeout)


async def _drop(producer: Any) -> None:
    """Stop a producer without its last wishes: what it still holds was refused, and must not arrive later.

    The client's own `stop` would wait for the broker to take it; there is no public way to give it up.
    """
    producer._closed = True
    if producer._sender is not None:
        with suppress(asyncio.CancelledError, KafkaError):
            await producer._sender.close()
    await producer.client.close()


async def _start(reader: Any, place: TopicPartition, after: int | None, since: datetime | None) -> int | None:
    """The first offset of a replay; None when nothing is as young as that."""
    if after is not None:
        return after + 1
    if since is None:
        first: int = (await reader.beginning_offsets([place]))[place]
        return first
    found = (await reader.offsets_for_times({place: int(since.timestamp() * 1000)}))[place]
    return found.offset if found else None


def _headers(facts: dict[str, str]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in facts.items()]


def _received(record: Any) -> Received:
    headers = {name: value.decode() for name, value in record.headers}
    name = headers.pop("id", "")
    return Received(name, str(record.offset), record.partition, headers, record.value, token=record.offset)


def _outcome(answer: object) -> Outcome:
    match answer:
        case MessageSizeTooLargeError():
            return Refused(reason="larger than the broker takes", permanent=True)
        case KafkaTimeoutError() | RequestTimedOutError() | TimeoutError():
            return Refused(reason="no confirmation in time", destination=True, hung=True)
        case BaseException():
            return Refused(reason=f"{type(answer).__name__}: {answer}"[:200], destination=True)
    return DELIVERED
