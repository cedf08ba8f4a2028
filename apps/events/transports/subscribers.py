"""In-process subscribers: another app's inbox, called by the relay in the transaction that moves the cursor.

Effects in the database of the log happen exactly once; whatever else a subscriber does happens at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from django.db import Error as DatabaseError
from django.db import OperationalError, transaction

from apps.events.causation import caused_by
from apps.events.errors import UnknownTransport
from apps.events.records import StoredEvent
from apps.events.transports import DELIVERED, Outcome, Refused, Route
from rustok.errors import DomainError

NAME: Final = "subscriber"


class Subscriber(Protocol):
    """A reaction to facts. Registered by `register_subscriber` in an app's `handlers.py`."""

    name: ClassVar[str]
    event_types: ClassVar[tuple[str, ...]]
    partitions: ClassVar[int]

    def handle(self, batch: Sequence[StoredEvent]) -> None:
        """Take the events, in order; raise to refuse. A refused batch is offered again, one event at a time."""


_subscribers: dict[str, Subscriber] = {}


def register_subscriber(subscriber: Subscriber) -> None:
    """Subscribe every log (of tenants and platform), from its first event on. Names are for ever: they own a cursor."""
    known = _subscribers.get(subscriber.name)
    if known is not None and type(known) is not type(subscriber):
        raise ValueError(f"subscriber {subscriber.name} is registered twice")
    _subscribers[subscriber.name] = subscriber


def unregister_subscriber(name: str) -> None:
    """Forget a subscriber of this process; for tests."""
    _subscribers.pop(name, None)


def subscribers() -> tuple[Subscriber, ...]:
    """Every registered subscriber, by name."""
    return tuple(_subscribers[name] for name in sorted(_subscribers))


class SubscriberTransport:
    """Calls one subscriber, the chunk at once; on an error event by event: one bad fact does not sink others."""

    batch = 500
    chunk = 100
    transactional = True

    def __init__(self, route: Route) -> None:
        """Find the subscriber; raises UnknownTransport when its app is gone."""
        found = _subscribers.get(route.target)
        if found is None:
            raise UnknownTransport(transport=f"{NAME} {route.target}")
        self._subscriber = found
        self.label = route.name

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:  # noqa: ARG002 - protocol
        """Handle the events inside savepoints."""
        if len(events) > 1 and self._offer(events) is DELIVERED:
            return [DELIVERED] * len(events)
        refused: dict[str, Refused] = {}
        outcomes: list[Outcome] = []
        for event in events:
            outcome = refused.get(event.stream) or self._offer([event])
            if isinstance(outcome, Refused):
                refused[event.stream] = outcome
            outcomes.append(outcome)
        return outcomes

    def log(self) -> None:
        """Nothing: subscribers keep what they need."""

    def close(self) -> None:
        """Nothing is held."""

    def _offer(self, events: Sequence[StoredEvent]) -> Outcome:
        try:
            with transaction.atomic(), caused_by(events[-1].id):
                self._subscriber.handle(events)
        except OperationalError as error:
            return Refused(reason=f"database: {type(error).__name__}", destination=True)
        except DomainError as error:
            return Refused(reason=str(error)[:500])
        except DatabaseError as error:
            return Refused(reason=f"database: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - a reaction of another app: its defect parks one key, not the relay
            return Refused(reason=f"{type(error).__name__}: {error}"[:500])
        return DELIVERED
