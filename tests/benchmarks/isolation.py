"""The rig of `bench_isolation`: relays as threads, a healthy subscription, maybe a sick one beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection

from apps.events import hints, services
from apps.events.hints import HintSender
from apps.events.records import StoredEvent
from apps.events.relay import rounds
from apps.events.transports import DELIVERED, Outcome, Refused
from apps.tenants.isolation import tenant_scope
from rustok.context import ExecutionContext, TenantRef, system_actor, use
from rustok.db.transactions import unit_of_work
from tests.support.events import MemoryTransport, ThingPoked, end_waiting
from tests.support.scratch import scratch_shop

RELAYS: Final = 3
SWEEP: Final = 1.0
HANG: Final = 1.0  # seconds: the time limit of a hung destination
STREAMS: Final = 20
FAULTS: Final = ("poisoned event", "hung endpoint", "dead transport")


@dataclass
class Timed(MemoryTransport):
    """Notes how long each event took from its transaction to here, in milliseconds."""

    lags: list[float] = field(default_factory=list)

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        """Take everything."""
        now = time.time()
        self.lags += [1000 * (now - datetime.fromisoformat(event.time).timestamp()) for event in events]
        return [DELIVERED] * len(events)


@dataclass
class Sick(MemoryTransport):
    """Fails in one of the ways of FAULTS."""

    fault: str = ""

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        """As the fault says."""
        if self.fault == "poisoned event":
            return [Refused("poison") if event.stream == "thing-0" else DELIVERED for event in events]
        if self.fault == "dead transport":
            return [Refused("dead", destination=True)] * len(events)
        time.sleep(HANG)
        return [Refused("no answer", hung=True)] * len(events)


@contextmanager
def relays() -> Iterator[None]:
    """Relays at work, woken by commits and by a sweep, as in workers."""
    wake, stopped = threading.Event(), threading.Event()

    def work() -> None:
        with use(ExecutionContext(actor=system_actor("benchmark"))):
            while not stopped.is_set():
                rounds.run(seconds=1.0)
                wake.wait(SWEEP)
                wake.clear()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(RELAYS)]
    sender = HintSender(wake.set)
    hints.use_sender(sender)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        wake.set()
        for thread in threads:
            thread.join()
        hints.use_sender(None)
        sender.stop()


def lags_of(*, fault: str, rate: float, seconds: float) -> list[float]:
    """The healthy subscription's lags beside one with this fault, or alone for the empty fault."""
    healthy, sick = Timed(batch=100, chunk=20), Sick(batch=100, chunk=20, fault=fault)
    subscriptions = [healthy.subscribe(name="healthy")]
    if fault:
        subscriptions.append(sick.subscribe(name="sick", partitions=4))
    count = round(rate * seconds)
    with relays():
        started = time.perf_counter()
        for n in range(count):
            time.sleep(max(0.0, started + n / rate - time.perf_counter()))
            with unit_of_work() as uow:
                uow.record(ThingPoked(thing=str(n % STREAMS), n=n))
        deadline = time.monotonic() + 30
        while len(healthy.lags) < count and time.monotonic() < deadline:
            time.sleep(0.05)
    assert len(healthy.lags) >= count, f"{len(healthy.lags)} of {count} arrived beside: {fault}"
    for subscription in subscriptions:
        services.unsubscribe(subscription_id=subscription.pk)
    end_waiting()
    return healthy.lags


@contextmanager
def shop() -> Iterator[TenantRef]:
    """A scratch shop, entered."""
    with scratch_shop() as made, tenant_scope(made):
        yield made
