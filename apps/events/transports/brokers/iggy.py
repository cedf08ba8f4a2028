"""Apache Iggy by its official client: a stream, in it the topic and its dead-letter topic.

`iggy://user:password@host:8090`. A send carries the messages of one partition and is all or nothing; the server's
confirmation follows the topic's durability. Offsets are the group's own, stored per partition: a reader polls by offset
and stores one by polling the last message again with `auto_commit`, because the client cannot store one by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from apache_iggy import Consumer, IggyClient, IggyExpiry, PollingStrategy, SendMessage

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.events.transports.brokers import BrokerDown, BrokerHung, Parcel, Received, Topology, loop, numbered

Answer = TypeVar("Answer")

LARGEST: Final = 1024 * 1024
HEADER: Final = 255
STREAM: Final = "rustok"
_ID: Final = "id"


def connect(url: str, topology: Topology, timeout: float) -> Iggy:
    """A client that has logged in, with its topics made. Raises BrokerDown."""
    with _speaking():
        broker = Iggy(IggyClient.from_connection_string(url), topology)
    try:
        broker.open(timeout=timeout)
    except BrokerDown:
        broker.close()
        raise
    return broker


@contextmanager
def _speaking() -> Iterator[None]:
    """The client raises RuntimeError for everything that a server says."""
    try:
        yield
    except TimeoutError as error:
        raise BrokerHung("no answer in time") from error
    except (RuntimeError, OSError, ValueError) as error:
        raise BrokerDown(f"{type(error).__name__}: {error}"[:200]) from error


class Iggy:
    """The protocol `Broker` on one client."""

    atomic = False
    largest = LARGEST

    def __init__(self, client: Any, topology: Topology) -> None:
        """Use a client that is not connected yet."""
        self._client: Any = client
        self._topology = topology
        self._handed: dict[tuple[str, int], int] = {}

    def open(self, *, timeout: float) -> None:
        """Connect (the URL's credentials log in) and make the topics."""
        self._run(self._open(), timeout)

    async def _open(self) -> None:
        await self._client.connect()
        await self._ensure()

    def ensure(self, *, timeout: float) -> None:
        """Create what is missing: stream, topics, partitions."""
        self._run(self._ensure(), timeout)

    async def _ensure(self) -> None:
        if await self._client.get_stream(STREAM) is None:
            await self._create(self._client.create_stream(STREAM))
        age = IggyExpiry.ExpireDuration(timedelta(seconds=self._topology.retention))
        await self._make_topic(self._topology.topic, self._topology.partitions, age)
        await self._make_topic(self._topology.dead, 1, IggyExpiry.NeverExpire())

    async def _make_topic(self, name: str, partitions: int, expiry: Any) -> None:
        found = await self._client.get_topic(STREAM, name)
        if found is None:
            await self._create(self._client.create_topic(STREAM, name, partitions, message_expiry=expiry))
        elif found.partitions_count < partitions:
            await self._client.create_partitions(STREAM, name, partitions - found.partitions_count)

    async def _create(self, creation: Any) -> None:
        """Two starters may create at once: the second one's refusal is no failure."""
        try:
            await creation
        except RuntimeError as error:
            if "already exists" not in str(error):
                raise

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """One request per partition, side by side; a partition's messages are confirmed together."""
        try:
            return self._run(self._send(parcels, timeout), timeout + loop.GRACE)
        except BrokerDown as error:
            return [Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))] * len(parcels)

    async def _send(self, parcels: Sequence[Parcel], timeout: float) -> list[Outcome]:
        partitions = sorted({parcel.partition for parcel in parcels})
        sending = (asyncio.wait_for(self._send_partition(parcels, one), timeout) for one in partitions)
        answers = dict(zip(partitions, await asyncio.gather(*sending, return_exceptions=True), strict=True))
        return [_outcome(answers[parcel.partition]) for parcel in parcels]

    async def _send_partition(self, parcels: Sequence[Parcel], partition: int) -> object:
        messages = [
            SendMessage(parcel.body, user_headers=_headers(parcel.id, parcel.headers), id=UUID(parcel.id).int)
            for parcel in parcels
            if parcel.partition == partition
        ]
        return await self._client.send_messages(STREAM, self._topology.topic, partition, messages)

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """What follows what this connection has handed out; a new one starts after the stored offset."""
        return self._run(self._receive(group, partition, limit, timeout), timeout + 2.0)

    async def _receive(self, group: str, partition: int, limit: int, timeout: float) -> list[Received]:
        place = (group, partition)
        waited = 0.0
        while True:
            last = self._handed.get(place)
            start = PollingStrategy.Next() if last is None else PollingStrategy.Offset(last + 1)
            found = await self._poll(self._topology.topic, partition, start, limit, consumer=group)
            if found or waited >= timeout:
                break
            await asyncio.sleep(0.05)
            waited += 0.05
        if found:
            self._handed[place] = found[-1].token
        return found

    async def _poll(
        self, topic: str, partition: int, start: Any, limit: int, *, consumer: str, commit: bool = False
    ) -> list[Received]:
        messages = await self._client.poll_messages(
            STREAM,
            topic,
            consumer=Consumer.Single(consumer),
            polling_strategy=start,
            count=limit,
            auto_commit=commit,
            partition_id=partition,
        )
        return [_received(message, partition) for message in messages]

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:
        """Store the last offset of each partition: acknowledges what came before it as well."""
        self._run(self._acknowledge(received, group), timeout)

    async def _acknowledge(self, received: Sequence[Received], group: str) -> None:
        for partition in {message.partition for message in received}:
            last = max(message.token for message in received if message.partition == partition)
            start = PollingStrategy.Offset(last)
            await self._poll(self._topology.topic, partition, start, 1, consumer=group, commit=True)

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Send to the dead-letter topic, confirmed, then acknowledge."""
        self._run(self._bury(received, group, reason), timeout)

    async def _bury(self, received: Received, group: str, reason: str) -> None:
        headers = _headers(received.id, {**received.headers, "reason": reason, "group": group})
        message = SendMessage(received.body, user_headers=headers)
        await self._client.send_messages(STREAM, self._topology.dead, 0, [message])
        await self._acknowledge([received], group)

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """Poll from an offset or a moment without storing anything."""
        start: Any = PollingStrategy.First()
        if after is not None:
            start = PollingStrategy.Offset(numbered(after) + 1)
        elif since is not None:
            start = PollingStrategy.Timestamp(int(since.timestamp() * 1_000_000))
        return self._run(self._poll(self._topology.topic, partition, start, limit, consumer="replay"), timeout)

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """Poll the dead-letter topic from its start."""
        start = PollingStrategy.First()
        return self._run(self._poll(self._topology.dead, 0, start, limit, consumer="replay"), timeout)

    def ping(self, *, timeout: float) -> None:
        """The client's own ping."""
        self._run(self._ping(), timeout)

    async def _ping(self) -> None:
        if self._client is None:
            raise BrokerDown("closed")
        await self._client.ping()

    def close(self) -> None:
        """Drop the client: it has no close, its connection ends with it."""
        self._client = None

    def _run(self, work: Coroutine[Any, Any, Answer], timeout: float) -> Answer:
        with _speaking():
            return loop.run(work, timeout=timeout)


def _headers(name: str, facts: Mapping[str, str]) -> dict[str, str]:
    """Iggy's headers have 1 to 255 bytes: longer values are cut (the body has them whole), empty ones left out."""
    cut = {key: value.encode()[:HEADER].decode(errors="ignore") for key, value in facts.items() if value}
    return {**cut, _ID: name}


def _received(message: Any, partition: int) -> Received:
    known = message.user_headers()
    headers = {str(name): str(value) for name, value in known.to_scalar_dict().items()} if known else {}
    name = headers.pop(_ID, "")
    offset = message.offset()
    return Received(name, str(offset), partition, headers, bytes(message.payload()), token=offset)


def _outcome(answer: object) -> Outcome:
    match answer:
        case TimeoutError():
            return Refused(reason="no confirmation in time", destination=True, hung=True)
        case BaseException():
            return Refused(reason=f"{type(answer).__name__}: {answer}"[:200], destination=True)
    return DELIVERED
