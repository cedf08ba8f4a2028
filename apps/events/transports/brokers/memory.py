"""A broker inside this process: for tests, and for trying a consumer without any server. Lost when the process ends.

`memory://name`: everybody in the process who uses the same name meets in the same topics.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.events.transports.brokers import BrokerDown, Parcel, Received, Topology, numbered

LARGEST: Final = 8 * 1024 * 1024


@dataclass
class Hall:
    """Where the messages of one name are. Set `broken` to a text to have every call fail with it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    logs: dict[tuple[str, int], list[tuple[float, Received]]] = field(default_factory=dict)
    dead: dict[str, list[Received]] = field(default_factory=dict)
    settled: dict[tuple[str, str, int], int] = field(default_factory=dict)
    broken: str = ""

    def log(self, topic: str, partition: int) -> list[tuple[float, Received]]:
        """The messages of a partition, oldest first."""
        return self.logs.setdefault((topic, partition), [])


_halls: dict[str, Hall] = {}


def hall(name: str) -> Hall:
    """The hall of `memory://name`."""
    return _halls.setdefault(name, Hall())


def forget(name: str) -> None:
    """Empty a hall."""
    _halls.pop(name, None)


def connect(url: str, topology: Topology, timeout: float) -> MemoryBroker:
    """Meet in the hall that the URL names."""
    broker = MemoryBroker(hall(urlsplit(url).netloc), topology)
    broker.ensure(timeout=timeout)
    return broker


class MemoryBroker:
    """Lists in memory behind the protocol `Broker`."""

    atomic = True
    largest = LARGEST

    def __init__(self, place: Hall, topology: Topology) -> None:
        """Use a hall."""
        self._hall = place
        self._topology = topology
        self._handed: dict[tuple[str, int], int] = {}

    def ensure(self, *, timeout: float) -> None:
        """Nothing needs to be made."""
        self.ping(timeout=timeout)

    def send(self, parcels: Sequence[Parcel], *, timeout: float) -> Sequence[Outcome]:  # noqa: ARG002 - never waits
        """Append all, or refuse all when the hall is broken."""
        if self._hall.broken:
            return [Refused(reason=self._hall.broken, destination=True)] * len(parcels)
        with self._hall.lock:
            for parcel in parcels:
                log = self._hall.log(self._topology.topic, parcel.partition)
                message = Received(parcel.id, str(len(log) + 1), parcel.partition, dict(parcel.headers), parcel.body)
                log.append((time.time(), replace(message, token=len(log) + 1)))
        return [DELIVERED] * len(parcels)

    def receive(self, group: str, partition: int, *, limit: int, timeout: float) -> Sequence[Received]:
        """What follows what this connection has handed out; a new connection starts after the acknowledged."""
        self.ping(timeout=timeout)
        place = (group, partition)
        settled = self._hall.settled.get((self._topology.topic, *place), 0)
        start = max(settled, self._handed.get(place, 0))
        found = [message for _at, message in self._hall.log(self._topology.topic, partition)[start : start + limit]]
        self._handed[place] = start + len(found)
        return found

    def acknowledge(self, received: Sequence[Received], *, group: str, timeout: float) -> None:
        """Move the group on."""
        self.ping(timeout=timeout)
        for message in received:
            place = (self._topology.topic, group, message.partition)
            self._hall.settled[place] = max(self._hall.settled.get(place, 0), message.token)

    def bury(self, received: Received, *, group: str, reason: str, timeout: float) -> None:
        """Copy to the dead letters, then acknowledge."""
        self.ping(timeout=timeout)
        headers = {**received.headers, "reason": reason, "group": group}
        self._hall.dead.setdefault(self._topology.topic, []).append(replace(received, headers=headers))
        self.acknowledge([received], group=group, timeout=timeout)

    def read(
        self, partition: int, *, after: str | None = None, since: datetime | None = None, limit: int, timeout: float
    ) -> Sequence[Received]:
        """A slice of the partition's list."""
        self.ping(timeout=timeout)
        log = self._hall.log(self._topology.topic, partition)[numbered(after or "0") :]
        moment = since.timestamp() if since else 0.0
        return [message for at, message in log if at >= moment][:limit]

    def dead(self, *, limit: int, timeout: float) -> Sequence[Received]:
        """The oldest buried messages."""
        self.ping(timeout=timeout)
        return self._hall.dead.get(self._topology.topic, [])[:limit]

    def ping(self, *, timeout: float) -> None:  # noqa: ARG002 - never waits
        """Whether the hall stands."""
        if self._hall.broken:
            raise BrokerDown(self._hall.broken)

    def close(self) -> None:
        """Nothing is held."""
