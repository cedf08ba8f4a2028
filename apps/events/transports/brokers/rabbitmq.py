"""RabbitMQ 3.9 or newer over AMQP 0-9-1, with publisher confirms.

A topic is a topic exchange; routing keys are `<partition>.<tenant>.<type>`. Each group has a durable queue per
partition with one active consumer, so that order survives several readers. A stream queue per partition
(https://www.rabbitmq.com/docs/streams) keeps everything for replay; it also makes each message routable before the
first group exists. Dead letters are published, confirmed, to a queue of their own.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import amqp
from amqp.exceptions import AMQPError

from apps.events.transports import Outcome, Refused
from apps.events.transports.brokers import CONTENT_TYPE, BrokerDown, BrokerHung, Parcel, Received, Topology, numbered
from apps.events.transports.brokers.confirms import Confirms

LARGEST: Final = 16 * 1024 * 1024  # RabbitMQ takes 128 MB; one event of that size would block the node
IDLE: Final = 0.3  # seconds of silence after which a replay has seen everything


def connect(url: str, topology: Topology, timeout: float) -> RabbitMQ:
    """One connection and channel with exchanges and queues made. Raises BrokerDown."""
    parts = urlsplit(url)
    secure = parts.scheme == "amqps"
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or (5671 if secure else 5672)}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        ssl={"context": ssl.create_default_context(), "server_hostname": parts.hostname} if secure else False,
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
    )
    broker = RabbitMQ(connection, topology)
    try:
        broker.open()
        broker.ensure(timeout=timeout)
    except BrokerDown:
        broker.close()
        raise
    return broker


@contextmanager
def _speaking() -> Iterator[None]:
    """AMQP's errors as ours."""
    try:
        yield
    except TimeoutError as error:
        raise BrokerHung("no answer in time") from error
    except (AMQPError, OSError, ValueError, AttributeError) as error:  # the client drops attributes when it is closed
        raise BrokerDown(f"{type(error).__name__}: {error}"[:200]) from error


class RabbitMQ:
    """The protocol `Broker` on one connection."""

    atomic = False
    largest = LARGEST

    def __init__(self, connection: amqp.Connection, topology: Topology) -> None:
        """Use a connection that is not open yet."""
        self._connection = connection
        self._topology = topology
        self._channel: Any = None
        self._confirms = Confirms()
        self._held: set[int] = set()

    def open(self) -> None:
        """Connect and ask for confirms; raises BrokerDown."""
        with _speaking():
            self._connection.connect()
            self._channel = self._connection.channel()
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._confirms.acked)
            self._channel.events["basic_nack"].add(self._confirms.nacked)
            self._channel.events["basic_return"].add(self._returned)

    def _returned(self, error: Any, _exchange: str, routing_key: str, message: Any) -> None:
        self._confirms.returned(
            message.properties.get("message_id", ""), f"no queue takes {routing_key}: {error}"[:200]
        )

    def ensure(self, *, timeout: float) -> None:
        """Declare exchange, dead-letter queue, replay streams and the groups' queues."""
        topic, declare = self._topology.topic, self._declare
        self._within(timeout)
        with _speaking():
            self._channel.exchange_declare(topic, "topic", durable=True, auto_delete=False)
            declare(self._topology.dead, {})
            age = f"{max(1, int(self._topology.retention))}s"
            for partition in range(self._topology.partitions):
                declare(f"{topic}.log.{partition}", {"x-queue-type": "stream", "x-max-age": age}, partition)
                for group in self._topology.groups:
                    declare(self._queue(group, partition), {"x-single-active-consumer": True}, partition)

    def _declare(self, queue: str, arguments: dict[str, Any], partition: int | None = None) -> None:
        self._channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        if partition is not None:
            self._channel.queue_bind(queue, self._topology.topic, routing_key=f"{partition}.#")

    def _queue(self, group: str, partition: int) -> str:
        return f"{self._topology.topic}.{group}.{partition}"

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:
        """Publish all, then wait for the confirms until the time is up."""
        until = time.monotonic() + timeout
        names = [parcel.id for parcel in parcels]
        failure: Refused | None = None
        try:
            self._within(timeout)
            with _speaking():
                for parcel in parcels:
                    self._publish(parcel)
                self._drain(until)
        except BrokerDown as error:
            failure = Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))
        outcomes = self._confirms.settle(names)
        if failure is None:
            return outcomes
        return [failure if isinstance(outcome, Refused) else outcome for outcome in outcomes]

    def _publish(self, parcel: Parcel) -> None:
        routing_key = f"{parcel.partition}.{parcel.origin}.{parcel.type}"
        message = _message(parcel.id, parcel.body, dict(parcel.headers))
        self._confirms.published(parcel.id)
        self._channel.basic_publish(message, self._topology.topic, routing_key=routing_key, mandatory=True)

    def _drain(self, until: float) -> None:
        while self._confirms.waiting and (left := until - time.monotonic()) > 0:
            self._connection.drain_events(timeout=left)

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """Get messages until there is none; waits for the first one in short steps."""
        until = time.monotonic() + timeout
        self._within(timeout + 2.0)
        found: list[Received] = []
        with _speaking():
            while len(found) < limit:
                message = self._channel.basic_get(self._queue(group, partition))
                if message is not None:
                    found.append(_received(message, partition))
                    self._held.add(message.delivery_tag)
                elif found or time.monotonic() >= until:
                    break
                else:
                    time.sleep(0.02)
        return found

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:  # noqa: ARG002 - in token
        """basic.ack; the broker answers nothing, so a passive declare proves that it has read them."""
        self._within(timeout)
        with _speaking():
            for message in received:
                if message.token in self._held:
                    self._channel.basic_ack(message.token)
                    self._held.discard(message.token)
        self.ping(timeout=timeout)

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Publish to the dead-letter queue, confirmed, then acknowledge."""
        until = time.monotonic() + timeout
        self._within(timeout)
        headers = {**received.headers, "reason": reason, "group": group}
        with _speaking():
            self._confirms.published(received.id)
            message = _message(received.id, received.body, headers)
            self._channel.basic_publish(message, "", routing_key=self._topology.dead, mandatory=True)
            self._drain(until)
        (outcome,) = self._confirms.settle([received.id])
        if isinstance(outcome, Refused):
            raise BrokerDown(outcome.reason)
        self.acknowledge([received], group=group, timeout=timeout)

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """Read the partition's stream queue; positions are its offsets. Moments count in whole seconds."""
        start: Any = numbered(after) + 1 if after is not None else (since.replace(tzinfo=None) if since else "first")
        found = self._replay(f"{self._topology.topic}.log.{partition}", start, partition, limit, timeout)
        if since is not None:  # the broker starts at the chunk that holds the moment
            moment = int(since.timestamp())
            found = [(at, message) for at, message in found if at >= moment]
        return [message for _at, message in found][:limit]

    def _replay(self, queue: str, start: Any, partition: int, limit: int, timeout: float) -> list[tuple[int, Received]]:
        """A channel of its own: a stream is read by subscription, until nothing came for IDLE seconds."""
        found: list[tuple[int, Received]] = []
        until = time.monotonic() + timeout
        with _speaking():
            channel = self._connection.channel()
            channel.basic_qos(0, min(limit, 1000), False)

            def take(message: Any) -> None:
                found.append((_seconds(message), _received(message, partition)))
                channel.basic_ack(message.delivery_tag)

            tag = channel.basic_consume(queue, callback=take, arguments={"x-stream-offset": start})
            while len(found) < limit and time.monotonic() < until:
                try:
                    self._connection.drain_events(timeout=min(IDLE, max(0.01, until - time.monotonic())))
                except TimeoutError:
                    break
            channel.basic_cancel(tag)
            channel.close()
        return found

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """Get from the dead-letter queue without acknowledging, then give back."""
        self._within(timeout)
        found: list[Received] = []
        with _speaking():
            channel = self._connection.channel()
            while len(found) < limit and (message := channel.basic_get(self._topology.dead)) is not None:
                found.append(_received(message, -1))
            channel.close()
        return found

    def ping(self, *, timeout: float) -> None:
        """Ask for the exchange."""
        self._within(timeout)
        with _speaking():
            self._channel.exchange_declare(self._topology.topic, "topic", passive=True)

    def close(self) -> None:
        """Close the socket; the broker gives back what was not acknowledged. No farewell that could wait."""
        with suppress(AMQPError, OSError, ValueError, AttributeError):
            self._connection.collect()

    def _within(self, timeout: float) -> None:
        """Give the socket this long for its next answers."""
        if self._channel is None or not self._connection.connected:
            raise BrokerDown("closed")
        self._connection.transport.sock.settimeout(timeout)


def _message(name: str, body: bytes, headers: dict[str, str]) -> Any:
    return amqp.Message(
        body,
        message_id=name,
        delivery_mode=2,
        content_type=CONTENT_TYPE,
        application_headers={**headers, "published": int(time.time())},
    )


def _seconds(message: Any) -> int:
    return int((message.headers or {}).get("published", 0))


def _received(message: Any, partition: int) -> Received:
    headers = {str(name): str(value) for name, value in (message.headers or {}).items() if name != "published"}
    position = headers.pop("x-stream-offset", str(message.delivery_tag))
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    name = message.properties.get("message_id", "")
    return Received(name, position, partition, headers, body, token=message.delivery_tag)
