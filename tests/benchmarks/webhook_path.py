"""The measured pieces of webhooks, on a scratch database. Imported once Django is set up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from typing import Any, Final

from apps.events import hints
from apps.events.logs import log_id
from apps.events.relay.rounds import drain
from apps.events.relay.rounds import run as relay
from apps.tenants.isolation import tenant_scope
from apps.webhooks.services import create_endpoint, delete_endpoint
from rustok.context import current
from rustok.db.transactions import unit_of_work
from tests.benchmarks.results import percentile
from tests.support.events import ThingPoked, together
from tests.support.events import run as sql
from tests.support.scratch import scratch_shop

RELAYS: Final = 3  # as in a worker process
PER_SECOND: Final = 100
BODY: Final = b'{"specversion":"1.0","data":{"thing":"a","n":1}}' * 8


@dataclass(frozen=True)
class Rates:
    """Events per second, medians."""

    hand_written: float
    ours: float


@dataclass(frozen=True)
class Lag:
    """The healthy events' p99 in seconds, medians: without and with the disturbance."""

    alone: float
    beside: float


def measure(*, events: int, seconds: float, port: int, hung_port: int, pairs: int) -> tuple[Rates, dict[str, Lag]]:
    """The rates, then the lags, on one scratch database with one healthy endpoint."""
    hints.use_sender(None)
    with scratch_shop() as shop, tenant_scope(shop):
        create_endpoint(url=f"http://127.0.0.1:{port}/", event_types=["testkit.*"], context=current())
        return rates(events, port, pairs), lags(seconds, hung_port, pairs)


def rates(events: int, port: int, pairs: int) -> Rates:
    """One relay; the log is filled before the clock runs."""
    measured = []
    for turn in range(pairs):
        fill(events, f"posted-{turn}")
        by_hand = rate(events, lambda: post_by_hand(port, events))
        ours = rate(events, lambda: drain(tenant_id=log_id(), seconds=120))
        measured.append((by_hand, ours))
    delivered = sql("SELECT count(*) FROM webhooks_delivery WHERE succeeded")[0][0]
    assert delivered == events * pairs, (delivered, events * pairs)
    by_hand, ours = zip(*measured, strict=True)
    return Rates(median(by_hand), median(ours))


def lags(seconds: float, hung_port: int, pairs: int) -> dict[str, Lag]:
    """Writers, relays and receivers at once; the disturbances take turns with an undisturbed run before each."""
    found: dict[str, list[tuple[float, float]]] = {"a hung endpoint": [], "a poisoned event": []}
    for _pair in range(pairs):
        found["a hung endpoint"].append((_p99(seconds), _p99_beside_hung(seconds, hung_port)))
        found["a poisoned event"].append((_p99(seconds), _p99(seconds, first="poison")))
    return {
        name: Lag(median(alone for alone, _beside in runs), median(beside for _alone, beside in runs))
        for name, runs in found.items()
    }


def _p99_beside_hung(seconds: float, port: int) -> float:
    hung = create_endpoint(url=f"http://127.0.0.1:{port}/", event_types=["testkit.*"], context=current()).endpoint
    try:
        return _p99(seconds)
    finally:
        delete_endpoint(endpoint_id=hung.pk, context=current())


def _p99(seconds: float, *, first: str = "first") -> float:
    """Write at PER_SECOND for so long while relays run; the p99 from commit to the attempt that succeeded.

    The `first` fact is not among those that count.
    """
    sql("DELETE FROM webhooks_delivery")
    over = threading.Event()

    def write() -> None:
        try:
            started, count = time.perf_counter(), int(seconds * PER_SECOND)
            for n in range(count):
                time.sleep(max(0.0, started + n / PER_SECOND - time.perf_counter()))
                with unit_of_work() as uow:
                    uow.record(ThingPoked(thing=f"well-{n % 50}" if n else first, n=n))
            time.sleep(0.5)
        finally:
            over.set()

    def deliver() -> None:
        while not over.is_set():
            relay(seconds=0.2)
            time.sleep(0.002)

    together(write, *[deliver] * RELAYS)
    drain(tenant_id=log_id(), seconds=20)
    sql("DELETE FROM events_parked")
    rows = sql(
        "SELECT extract(epoch FROM min(d.attempted_at) - e.recorded_at)::float8 FROM webhooks_delivery d"
        " JOIN events_event e ON e.id = d.event_id WHERE d.succeeded AND d.stream LIKE 'thing-well-%' GROUP BY e.id"
    )
    return percentile([row[0] for row in rows], 0.99)


def rate(count: int, work: Callable[[], Any]) -> float:
    """How many per second."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def fill(count: int, name: str) -> None:
    """Write facts of different things, five hundred per transaction."""
    for start in range(0, count, 500):
        with unit_of_work() as uow:
            uow.record(*(ThingPoked(thing=f"{name}-{start + n}", n=n) for n in range(500)), new_stream=True)


def post_by_hand(port: int, count: int) -> None:
    """The loop that anybody would write."""
    link = HTTPConnection("127.0.0.1", port)
    for _ in range(count):
        link.request("POST", "/", BODY)
        link.getresponse().read()
    link.close()
