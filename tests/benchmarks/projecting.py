"""The measured pieces of `bench_projections`, on a scratch database. Imported once Django is set up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Sum

from apps.events import hints
from apps.events.logs import log_id
from apps.events.projections import rebuilding
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import drain, number_waiting
from apps.insights import queries
from apps.orders.events import OrderCancelled, OrderPlaced, PlacedLine
from apps.tenants.isolation import tenant_scope
from rustok.context import current
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from tests.benchmarks.results import percentile
from tests.support.events import together
from tests.support.scratch import scratch_shop

BATCH: Final = 500
WRITES_PER_SECOND: Final = 100
NAME: Final = "sales_per_day"
COUNTING: Final = ("sales_per_day", "best_sellers", "customer_value")  # stock hears of none of these facts
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Found:
    """What was measured."""

    events: int
    rates: dict[str, float] = field(default_factory=dict)
    rebuild_seconds: float = 0.0
    rebuild_rate: float = 0.0
    swap_seconds: float = 0.0
    calm_p99: float = 0.0
    busy_p99: float = 0.0
    writes_made: float = 0.0
    wrong_reads: int = 0
    reads: int = 0
    differing: int = 0


def placed(n: int) -> OrderPlaced:
    """One order of three lines, of 500 products and 5,000 customers; 1,000 orders a day, one after the other."""
    lines = tuple(
        PlacedLine(sku=f"SKU-{(n + k) % 500}", name="Thing", quantity=k + 1, unit_price=250, total=250 * (k + 1))
        for k in range(3)
    )
    return OrderPlaced(
        order_id=new_id(),
        number=str(n),
        order_version=1,
        at=START + timedelta(days=n // 1_000),
        customer_id=CUSTOMERS[n % len(CUSTOMERS)],
        currency="USD",
        total=1_500,
        lines=lines,
    )


CUSTOMERS: Final = [new_id() for _ in range(5_000)]


def measure(*, events: int) -> Found:
    """Fill, count with every read model, rebuild one under load."""
    hints.use_sender(None)
    found = Found(events)
    with scratch_shop() as shop, tenant_scope(shop):
        fill(events)
        while number_waiting(report=RelayReport(), tenant_id=shop.id).name != "IDLE":
            pass
        drain(seconds=600, tenant_id=shop.id)
        for name in COUNTING:
            found.rates[name] = events_per_second(name, events)
        rebuild_under_load(found)
    return found


def fill(count: int) -> None:
    """Orders, every twentieth fact a cancellation."""
    for start in range(0, count, BATCH):
        orders = [placed(start + n) for n in range(BATCH * 19 // 20)]
        with unit_of_work() as uow:
            uow.record(*orders, new_stream=True)
        with unit_of_work() as uow:
            uow.record(
                *(
                    OrderCancelled(
                        order_id=order.order_id,
                        number=order.number,
                        order_version=2,
                        at=order.at,
                        previous="pending",
                        reason="",
                        refunded=0,
                        currency="USD",
                    )
                    for order in orders[: BATCH // 20]
                )
            )


def events_per_second(name: str, count: int) -> float:
    """A cold build: the whole log into a shadow, by relay turns."""
    rebuilding.start_rebuild(name=name, context=current())
    started = time.perf_counter()
    drain(seconds=600, tenant_id=log_id())
    seconds = time.perf_counter() - started
    rebuilding.abandon_rebuild(name=name, context=current())
    rebuilding.sweep_builds(name=name)
    return count / seconds


def rebuild_under_load(found: Found) -> None:
    """Rebuild, swap and compare with a cold build while a writer, a relay and a reader are at work."""
    calm, busy, stop = [], [], threading.Event()
    write_for(calm, lambda: len(calm) >= WRITES_PER_SECOND * 3)

    def rebuild() -> None:
        try:
            started = time.perf_counter()
            rebuilding.start_rebuild(name=NAME, context=current())
            assert rebuilding.catch_up(name=NAME, seconds=600)
            swapping = time.perf_counter()
            rebuilding.swap_builds(name=NAME, context=current())
            found.swap_seconds = time.perf_counter() - swapping
            found.rebuild_seconds = time.perf_counter() - started
        finally:
            stop.set()

    def relay() -> None:
        while not stop.is_set():
            drain(seconds=1, tenant_id=log_id())
            time.sleep(0.02)

    def read() -> None:
        last = 0
        while not stop.is_set():
            now = int(queries.sales_days().aggregate(total=Sum("orders"))["total"] or 0)
            found.wrong_reads += now < last
            found.reads, last = found.reads + 1, now
            time.sleep(0.01)

    started = time.perf_counter()
    together(rebuild, relay, read, lambda: write_for(busy, stop.is_set))
    found.writes_made = len(busy) / (WRITES_PER_SECOND * (time.perf_counter() - started))
    found.rebuild_rate = found.events / found.rebuild_seconds
    found.calm_p99, found.busy_p99 = percentile(calm, 0.99), percentile(busy, 0.99)
    drain(seconds=60, tenant_id=log_id())
    rebuilding.start_rebuild(name=NAME, context=current())
    drain(seconds=600, tenant_id=log_id())
    diffs = rebuilding.compare_builds(name=NAME, context=current()).diffs or ()
    found.differing = sum(diff.added + diff.missing + diff.changed for diff in diffs) if diffs else -1


def write_for(latencies: list[float], is_over: Callable[[], bool]) -> None:
    """One order's fact per transaction at a fixed rate; latencies in milliseconds from the intended moment."""
    started = time.perf_counter()
    while not is_over():
        due = started + len(latencies) / WRITES_PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        with unit_of_work() as uow:
            uow.record(placed(len(latencies)), new_stream=True)
        latencies.append((time.perf_counter() - due) * 1000)
