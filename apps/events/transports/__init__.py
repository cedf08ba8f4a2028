"""How events leave the log: the protocol that the relay speaks, and the registry of those who speak it.

A transport that did not get a confirmation says so: an outcome is DELIVERED only when the other side has answered
(trap 11). Errors say what failed, the key or the destination; the relay never looks into protocol codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from apps.events.errors import UnknownTransport
from apps.events.records import StoredEvent


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other side has taken the event."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The event was not taken.

    `destination`: the whole destination is unreachable, not only this event unwelcome. `hung`: no answer in time, which
    may be either's fault and was costly to find out. `permanent`: no retry can help (the event cannot even be encoded).
    `retry_after` is the destination's own wish in seconds.
    """

    reason: str
    destination: bool = False
    hung: bool = False
    permanent: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """There was no time to offer the event: nothing is known against it, and the next turn begins with it."""


Outcome = Delivered | Refused
DELIVERED: Final = Delivered()
NOT_OFFERED: Final = NotOffered()


class DestinationBusy(Exception):
    """A destination may not be served right now, through no fault of an event: come back in `seconds`.

    Raised by a transport's factory. The turn ends and nothing is held against the destination.
    """

    def __init__(self, seconds: float) -> None:
        """Say when to come back."""
        super().__init__(f"busy for {seconds:.3f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Route:
    """The subscription being served, as a transport needs to know it."""

    subscription_id: UUID
    name: str
    target: str
    tenant_slug: str


class Transport(Protocol):
    """One turn's connection to a destination; made afresh for each turn, used by one thread, closed by the relay.

    `batch` is how many events one turn takes (what a crash in the middle repeats), `chunk` how many `publish` likes at
    once. `transactional`: effects go into the relay's own transaction.
    """

    batch: int
    chunk: int
    transactional: bool

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome | NotOffered]:
        """Hand over a chunk within about `timeout` seconds; one outcome per event, in order.

        A stream whose event was refused gets no later event of the chunk: those are refused too.
        """

    def log(self) -> None:
        """Write what the delivery log should know of this turn; runs inside the transaction that moves the cursor."""

    def close(self) -> None:
        """Let go of what the turn held."""


TransportFactory = Callable[[Route], Transport]
_factories: dict[str, TransportFactory] = {}


def register_transport(name: str, factory: TransportFactory) -> None:
    """Offer a transport under a name; called from an app's `AppConfig.ready`. The same name again replaces it."""
    _factories[name] = factory


def open_transport(name: str, route: Route) -> Transport:
    """The transport of a subscription, ready for one turn; raises UnknownTransport."""
    factory = _factories.get(name)
    if factory is None:
        raise UnknownTransport(transport=name)
    return factory(route)
