"""NATS JetStream: a stream per topic, a durable pull consumer per group and partition, a stream for the dead letters.

Subjects are `<topic>.p.<partition>.<tenant>.<type>`, so that NATS' own tools can filter by shop and fact. The PubAck is
the confirmation; `Nats-Msg-Id` lets the server drop a repeated publish within two minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.events.transports.brokers import BrokerDown, BrokerHung, Parcel, Received, Topology, loop, numbered

Answer = TypeVar("Answer")

REDELIVER: Final = 30.0  # seconds until what a dead reader held comes to the next one
DUPLICATES: Final = 120.0  # seconds in which the server recognises a repeated message id
_ID: Final = "Nats-Msg-Id"
_DOWN: Final = (NatsError, OSError, ValueError, asyncio.InvalidStateError)


def connect(url: str, topology: Topology, timeout: float) -> JetStream:
    """One connection with its streams and consumers made. Raises BrokerDown."""
    broker = JetStream(url, topology)
    try:
        broker.open(timeout=timeout)
        broker.ensure(timeout=timeout)
    except BrokerDown:
        broker.close()
        raise
    return broker


@contextmanager
def _speaking() -> Iterator[None]:
    """NATS' errors as ours."""
    try:
        yield
    except (NatsTimeout, TimeoutError) as error:
        raise BrokerHung("no answer in time") from error
    except _DOWN as error:
        raise BrokerDown(f"{type(error).__name__}: {error}"[:200]) from error


async def _quiet(_error: Exception) -> None:
    """The call that suffers says what happened."""


class JetStream:
    """The protocol `Broker` on one connection. It never reconnects by itself: the next turn makes a fresh one."""

    atomic = False

    def __init__(self, url: str, topology: Topology) -> None:
        """Nothing is opened yet."""
        self.largest = 1024 * 1024
        self._url = url
        self._topology = topology
        self._stream = topology.topic.replace(".", "_")
        self._client: Client | None = None
        self._js: Any = None  # typed upstream without its subscription classes
        self._readers: dict[tuple[str, int], Any] = {}
        self._held: dict[str, Msg] = {}

    def open(self, *, timeout: float) -> None:
        """Connect; raises BrokerDown."""
        self._run(self._open(timeout), timeout)

    async def _open(self, timeout: float) -> None:
        client = await nats.connect(
            self._url,
            allow_reconnect=False,
            connect_timeout=max(1, int(timeout)),
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=_quiet,
        )
        self._client = client
        self.largest = client.max_payload - 4096  # headers count as well
        self._js = client.jetstream(timeout=timeout)

    def ensure(self, *, timeout: float) -> None:
        """Create or update both streams; add missing consumers."""
        self._run(self._ensure(), timeout)

    async def _ensure(self) -> None:
        topic = self._topology.topic
        await self._make_stream(self._stream, f"{topic}.p.>", self._topology.retention)
        await self._make_stream(f"{self._stream}_dead", f"{topic}.dead", 0.0)
        for group in self._topology.groups:
            for partition in range(self._topology.partitions):
                await self._make_consumer(group, partition)

    async def _make_stream(self, name: str, subject: str, retention: float) -> None:
        wanted = StreamConfig(
            name=name,
            subjects=[subject],
            storage=StorageType.FILE,
            max_age=retention,
            duplicate_window=min(DUPLICATES, retention or DUPLICATES),
        )
        try:
            found = await self._js.stream_info(name)
        except NotFoundError:
            await self._js.add_stream(wanted)
            return
        if (found.config.max_age or 0.0) != retention or found.config.subjects != wanted.subjects:
            await self._js.update_stream(found.config.evolve(max_age=retention, subjects=wanted.subjects))

    async def _make_consumer(self, group: str, partition: int) -> None:
        wanted = ConsumerConfig(
            durable_name=_durable(group, partition),
            filter_subject=f"{self._topology.topic}.p.{partition}.>",
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=REDELIVER,
        )
        with suppress(APIError):
            await self._js.consumer_info(self._stream, wanted.durable_name)
            return
        await self._js.add_consumer(self._stream, wanted)

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """Publish all at once and collect the PubAcks."""
        try:
            return self._run(self._send(parcels, timeout), timeout + loop.GRACE)
        except BrokerDown as error:
            return [Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))] * len(parcels)

    async def _send(self, parcels: Sequence[Parcel], timeout: float) -> list[Outcome]:
        publishing = (self._publish(parcel, timeout) for parcel in parcels)
        answers = await asyncio.gather(*publishing, return_exceptions=True)
        return [_outcome(answer) for answer in answers]

    async def _publish(self, parcel: Parcel, timeout: float) -> object:
        subject = f"{self._topology.topic}.p.{parcel.partition}.{parcel.origin}.{parcel.type}"
        headers = {**parcel.headers, _ID: parcel.id}
        return await self._js.publish(subject, parcel.body, timeout=timeout, stream=self._stream, headers=headers)

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """One pull request."""
        return self._run(self._receive(group, partition, limit, timeout), timeout + 2.0)

    async def _receive(self, group: str, partition: int, limit: int, timeout: float) -> list[Received]:
        reader = self._readers.get((group, partition))
        if reader is None:
            durable = _durable(group, partition)
            reader = await self._js.pull_subscribe_bind(durable=durable, stream=self._stream)
            self._readers[group, partition] = reader
        messages = await _fetch(reader, limit, timeout)
        for message in messages:
            self._held[message.reply] = message
        return [_received(message, partition) for message in messages]

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:  # noqa: ARG002 - in token
        """Acknowledge and wait until the server knows."""
        self._run(self._acknowledge(received, timeout), timeout)

    async def _acknowledge(self, received: Sequence[Received], timeout: float) -> None:
        held = [message.token for message in received if message.token.reply in self._held]
        await asyncio.gather(*(message.ack_sync(timeout=timeout) for message in held))
        for message in held:
            del self._held[message.reply]

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Publish to the dead stream, confirmed, then acknowledge."""
        self._run(self._bury(received, group, reason, timeout), timeout)

    async def _bury(self, received: Received, group: str, reason: str, timeout: float) -> None:
        headers = {**received.headers, "reason": _line(reason), "group": group, _ID: f"{group}:{received.id}"}
        headers["event"] = received.id
        subject = f"{self._topology.topic}.dead"
        await self._js.publish(subject, received.body, timeout=timeout, headers=headers)
        await self._acknowledge([received], timeout)

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """A consumer for this one question, removed afterwards."""
        start = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=30.0, deliver_policy=DeliverPolicy.ALL)
        if after is not None:
            start.deliver_policy, start.opt_start_seq = DeliverPolicy.BY_START_SEQUENCE, numbered(after) + 1
        elif since is not None:
            start.deliver_policy, start.opt_start_time = DeliverPolicy.BY_START_TIME, since
        subject = f"{self._topology.topic}.p.{partition}.>"
        return self._run(self._read(self._stream, subject, start, partition, limit), timeout)

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """The start of the dead stream."""
        start = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=30.0)
        subject = f"{self._topology.topic}.dead"
        return self._run(self._read(f"{self._stream}_dead", subject, start, -1, limit), timeout)

    async def _read(
        self, stream: str, subject: str, start: ConsumerConfig, partition: int, limit: int
    ) -> list[Received]:
        reader = await self._js.pull_subscribe(subject, stream=stream, config=start)
        try:
            waiting = (await reader.consumer_info()).num_pending or 0
            messages = await _fetch(reader, min(limit, waiting), 2.0) if waiting else []
            return [_received(message, partition) for message in messages]
        finally:
            with suppress(NatsError):
                name = (await reader.consumer_info()).name
                await reader.unsubscribe()
                await self._js.delete_consumer(stream, name)

    def ping(self, *, timeout: float) -> None:
        """Ask for the stream."""
        self._run(self._js.stream_info(self._stream), timeout)

    def close(self) -> None:
        """Hand back what was not settled, then close."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(BrokerDown):
                self._run(self._close(client), 1.0)

    async def _close(self, client: Client) -> None:
        with suppress(NatsError):
            for message in self._held.values():
                await message.nak()
        self._held.clear()
        await client.close()

    def _run(self, work: Coroutine[Any, Any, Answer], timeout: float) -> Answer:
        with _speaking():
            return loop.run(work, timeout=timeout)


async def _fetch(reader: Any, limit: int, timeout: float) -> list[Msg]:
    """At least one message if one comes in time, then what is there at once."""
    try:
        first: list[Msg] = await reader.fetch(limit, timeout=timeout)
    except (NatsTimeout, TimeoutError):
        return []
    return first


def _durable(group: str, partition: int) -> str:
    return f"{group.replace('.', '_')}_{partition}"


def _line(text: str) -> str:
    """A header value: one line."""
    return " ".join(text.split())[:300]


def _received(message: Msg, partition: int) -> Received:
    headers = dict(message.headers or {})
    name = headers.pop(_ID, "")
    name = headers.pop("event", name)
    headers.pop("Nats-Expected-Stream", None)
    return Received(name, str(message.metadata.sequence.stream), partition, headers, message.data, token=message)


def _outcome(answer: object) -> Outcome:
    match answer:
        case MaxPayloadError():
            return Refused(reason="larger than the server takes", permanent=True)
        case NatsTimeout() | TimeoutError():
            return Refused(reason="no confirmation in time", destination=True, hung=True)
        case BaseException():
            return Refused(reason=f"{type(answer).__name__}: {answer}"[:200], destination=True)
    return DELIVERED
