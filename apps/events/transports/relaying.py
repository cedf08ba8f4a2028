"""The relay's way to a broker: packs events, keeps their order (`waves`), believes only what was confirmed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from apps.events.envelope import encode, source_of
from apps.events.partitions import partition_of
from apps.events.records import StoredEvent
from apps.events.transports import Outcome, Refused, Route
from apps.events.transports.brokers import CONTENT_TYPE, BrokerDown, BrokerHung, Parcel
from apps.events.transports.destinations import Borrowed, borrow, find, give_back
from apps.events.transports.waves import Waves
from rustok.telemetry.propagation import HEADERS
from rustok.transport_settings import PLATFORM

NAME: Final = "broker"


class BrokerTransport:
    """One turn for one destination. Connects at the first chunk; an unknown destination refuses everything."""

    batch = 500
    chunk = 100
    transactional = False

    def __init__(self, route: Route) -> None:
        """Find the destination; costs nothing."""
        self._name = route.target
        self.label = route.name
        self._destination = find(route.target)
        self._origin = route.tenant_slug or PLATFORM
        self._source = source_of(route.tenant_slug)
        self._by_tenant = self._destination is not None and self._destination.settings.key == "tenant"
        self._partitions = self._destination.settings.partitions if self._destination else 1
        self._borrowed: Borrowed | None = None

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        """Send the chunk within about `timeout` seconds; a kept connection that turns out dead gets one successor."""
        if self._destination is None:
            return [Refused(reason=f"no transport {self._name} is configured", destination=True)] * len(events)
        until = time.monotonic() + timeout
        try:
            borrowed = self._borrowed or borrow(self._destination, timeout=timeout)
            outcomes = self._send(events, borrowed, until)
            if borrowed.reused and not _arrived(outcomes) and (left := until - time.monotonic()) > 0:
                outcomes = self._send(events, borrow(self._destination, timeout=left, fresh=True), until)
        except BrokerDown as error:
            return [Refused(reason=str(error), destination=True, hung=isinstance(error, BrokerHung))] * len(events)
        return outcomes

    def _send(self, events: Sequence[StoredEvent], borrowed: Borrowed, until: float) -> list[Outcome]:
        """One wave after the other; the connection is kept only if the broker never failed."""
        broker, parcels = borrowed.broker, dict[int, Parcel]()
        self._borrowed = None
        waves = Waves([event.stream for event in events], atomic=broker.atomic, in_log_order=self._by_tenant)
        for index, event in enumerate(events):
            packed = self._pack(event, broker.largest)
            if isinstance(packed, Refused):
                waves.refuse(index, packed)
            else:
                parcels[index] = packed
        try:
            while (wave := waves.next()) and (left := until - time.monotonic()) > 0:
                waves.settle(wave, broker.send([parcels[index] for index in wave], timeout=left))
        except Exception:
            broker.close()
            raise
        if waves.failed:
            broker.close()
        else:
            self._borrowed = Borrowed(broker, reused=False)
        return waves.close()

    def log(self) -> None:
        """Nothing: the cursor says what was published."""

    def close(self) -> None:
        """Keep a healthy connection for the next turn."""
        if self._borrowed is not None and self._destination is not None:
            give_back(self._destination, self._borrowed.broker)
        self._borrowed = None

    def _pack(self, event: StoredEvent, largest: int) -> Parcel | Refused:
        try:
            body = encode(event, source=self._source)
        except (ValueError, TypeError) as error:
            return Refused(reason=f"cannot be encoded: {error}"[:300], permanent=True)
        if len(body) > largest:
            return Refused(reason=f"{len(body)} bytes are more than the broker's {largest}", permanent=True)
        key = self._origin if self._by_tenant else f"{self._origin}/{event.stream}"
        headers = {
            "content-type": CONTENT_TYPE,
            "ce-type": event.wire_type,
            "ce-source": self._source,
            "ce-subject": event.stream,
            "ce-time": event.time,
            "partitionkey": key,
            "position": str(event.position),
        }
        metadata = event.metadata
        headers |= {name: metadata[name] for name in HEADERS if metadata.get(name)}
        partition = partition_of(key, self._partitions)
        return Parcel(str(event.id), key, partition, event.wire_type, self._origin, headers, body)


def _arrived(outcomes: Sequence[Outcome]) -> bool:
    """Whether the destination answered at all: something was taken, or refused for its own sake."""
    return not outcomes or any(not (isinstance(outcome, Refused) and outcome.destination) for outcome in outcomes)
