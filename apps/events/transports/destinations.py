"""The brokers that this deployment publishes to (`RUSTOK_TRANSPORTS`) and the connections to them.

A connection serves one turn at a time and is kept for the next; one that failed is thrown away, so that a restarted
server is met with a fresh connection.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Final

from apps.events.transports.brokers import Broker, BrokerDown, Topology, opening
from rustok.config import config
from rustok.transport_settings import TransportSettings

KEPT: Final = 8  # idle connections per destination and process
FRESH: Final = 10.0  # seconds after which an idle connection has to prove itself before it is used


@dataclass(frozen=True, slots=True)
class Destination:
    """One configured transport under its name."""

    name: str
    settings: TransportSettings

    @property
    def url(self) -> str:
        """Where it is, credentials included."""
        return self.settings.url.get_secret_value()

    @property
    def topology(self) -> Topology:
        """What must exist there."""
        wanted = self.settings
        return Topology(wanted.topic, wanted.partitions, wanted.groups, wanted.retention)


def destinations() -> tuple[Destination, ...]:
    """Every configured destination, by name."""
    return tuple(Destination(name, settings) for name, settings in sorted(config().transports.items()))


def find(name: str) -> Destination | None:
    """A destination by its name; None when the configuration has none."""
    settings = config().transports.get(name)
    return Destination(name, settings) if settings else None


@dataclass(slots=True)
class Borrowed:
    """A connection for one turn; `reused` when somebody used it before."""

    broker: Broker
    reused: bool


_lock: Final = threading.Lock()
_idle: Final[dict[tuple[int, Destination], list[tuple[float, Broker]]]] = {}


def borrow(destination: Destination, *, timeout: float, fresh: bool = False) -> Borrowed:
    """A connection, kept or (also when `fresh`) new; give it back or discard it. Raises BrokerDown."""
    while not fresh and (kept := _kept(destination)) is not None:
        since, broker = kept
        if time.monotonic() - since < FRESH or _answers(broker):
            return Borrowed(broker, reused=True)
        broker.close()
    topology = _topology(destination)
    return Borrowed(opening.connect(destination.url, topology, timeout=timeout), reused=False)


def _topology(destination: Destination) -> Topology:
    try:
        return destination.topology
    except ValueError as error:
        raise BrokerDown(str(error)) from error


def _kept(destination: Destination) -> tuple[float, Broker] | None:
    with _lock:
        idle = _idle.get((os.getpid(), destination))
        return idle.pop() if idle else None


def _answers(broker: Broker) -> bool:
    try:
        broker.ping(timeout=1.0)
    except BrokerDown:
        return False
    return True


def give_back(destination: Destination, broker: Broker) -> None:
    """Keep the connection for the next turn, or close it when enough are kept."""
    with _lock:
        idle = _idle.setdefault((os.getpid(), destination), [])
        if len(idle) < KEPT:
            idle.append((time.monotonic(), broker))
            return
    broker.close()


def close_all() -> None:
    """Close the idle connections of this process; for its end, and for tests."""
    with _lock:
        kept = [broker for pid, place in list(_idle) if pid == os.getpid() for _at, broker in _idle.pop((pid, place))]
    for broker in kept:
        broker.close()


def ping_all(*, timeout: float) -> dict[str, str]:
    """What is wrong with which destination; empty when every one answers. One connection each, kept afterwards."""
    wrong: dict[str, str] = {}
    for destination in destinations():
        try:
            borrowed = borrow(destination, timeout=timeout)
        except BrokerDown as error:
            wrong[destination.name] = str(error)
            continue
        try:
            borrowed.broker.ping(timeout=timeout)
        except BrokerDown as error:
            borrowed.broker.close()
            wrong[destination.name] = str(error)
        else:
            give_back(destination, borrowed.broker)
    return wrong
