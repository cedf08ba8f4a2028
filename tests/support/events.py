"""Facts, transports and shortcuts for tests of the event log and of everything that reacts to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import connection

from apps.events import enrolment, services
from apps.events.logs import log_id
from apps.events.models import Subscription
from apps.events.records import StoredEvent
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import drain
from apps.events.transports import DELIVERED, Outcome, Refused, Route, register_transport
from apps.operations import wakeups
from rustok.context import ExecutionContext, current, use
from rustok.db.transactions import unit_of_work
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingPoked(DomainEvent):
    """Somebody poked a thing."""

    type: ClassVar[str] = "testkit.thing_poked"
    aggregate: ClassVar[str] = "thing"
    key: ClassVar[str] = "thing"

    thing: str
    n: int = 0


def poke(*things: str) -> None:
    """Record one fact per name, in one transaction."""
    with unit_of_work() as uow:
        uow.record(*(ThingPoked(thing=thing, n=n) for n, thing in enumerate(things)))


@dataclass
class MemoryTransport:
    """Takes events into a list; `verdict` may refuse some. `register_memory` makes it reachable for subscriptions."""

    verdict: Callable[[StoredEvent], Outcome] = lambda _event: DELIVERED
    batch: int = 100
    chunk: int = 1
    transactional: bool = False
    taken: list[StoredEvent] = field(default_factory=list)
    offered: list[StoredEvent] = field(default_factory=list)

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        outcomes = []
        for event in events:
            self.offered.append(event)
            outcome = self.verdict(event)
            if not isinstance(outcome, Refused):
                self.taken.append(event)
            outcomes.append(outcome)
        return outcomes

    def log(self) -> None:
        pass

    def close(self) -> None:
        pass

    def __call__(self, route: Route) -> MemoryTransport:
        return self

    def subscribe(self, *event_types: str, partitions: int = 1, name: str = "memory") -> Subscription:
        """Register under `name` and subscribe the current log from its next event on."""
        register_transport(name, self)
        wanted = event_types or ("testkit.*",)
        return services.subscribe(name=name, transport=name, event_types=wanted, partitions=partitions)

    def versions(self, stream: str) -> list[int]:
        """The versions of a stream in the order of their arrival."""
        return [event.version for event in self.taken if event.stream == stream]


def refuse(*streams: str, **facts: bool) -> Callable[[StoredEvent], Outcome]:
    """A verdict that refuses these streams."""
    return lambda event: Refused("no", **facts) if event.stream in streams else DELIVERED


def relay() -> RelayReport:
    """Deliver what is due in the current log, to its standing subscriptions too."""
    enrolment.ensure_subscribers(tenant_id=log_id())
    return drain(tenant_id=log_id(), seconds=20)


def end_waiting() -> None:
    """As if every back-off and pause of the current log were over."""
    run("UPDATE events_parked SET retry_at = statement_timestamp() - interval '1 second'")
    run(f"UPDATE {wakeups.DUES} SET due_at = statement_timestamp(), not_before = NULL WHERE due_at IS NOT NULL")


def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """One statement in the current scope; its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def elsewhere() -> Iterator[Callable[..., Any]]:
    """`call(function, *args)` runs in one other thread: same scope, but a connection and unit of work of its own."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield lambda function, *args, **kwargs: pool.submit(_within, current(), function, *args, **kwargs)
        finally:
            pool.submit(lambda: connection.close()).result(10)  # noqa: PLW0108 - the pool thread's own connection


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Run the functions at once, each in the same scope with a connection of its own."""

    def one(context: ExecutionContext, function: Callable[[], Any]) -> Any:
        try:
            return _within(context, function)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(one, current(), function) for function in functions]
        return [future.result(60) for future in futures]


def _within(context: ExecutionContext, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with use(context):
        return function(*args, **kwargs)
