"""The measured pieces of the event path, on a scratch database. Imported once Django is set up."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection
from statistics import median
from typing import Any, Final

from django.db import connection

from apps.events import hints, services
from apps.events.logs import log_id
from apps.events.numbering import number
from apps.events.relay.rounds import drain
from apps.tenants.isolation import tenant_scope
from apps.webhooks.services import create_endpoint
from rustok.context import TenantRef, current
from rustok.db.transactions import unit_of_work
from tests.support.events import MemoryTransport, ThingPoked, together
from tests.support.events import run as sql
from tests.support.scratch import scratch_shop

WRITERS: Final = 8
PAIRS: Final = 5
BATCH: Final = 500  # of our transports; what a crash repeats
STREAMS: Final = 200
APPEND: Final = "append, 8 writers, one event per transaction"
NUMBERING: Final = "numbering catch-up"
BATCHES: Final = "hand-written batches"
RELAY: Final = "relay to a sink that does nothing"
POSTS: Final = "hand-written posts"
WEBHOOKS: Final = "webhooks: signed, guarded, logged"


def measure(*, events: int, port: int) -> dict[str, float]:
    """Events per second of each piece."""
    hints.use_sender(None)
    with scratch_shop() as shop, tenant_scope(shop):
        rates = {APPEND: _append(events // 10), NUMBERING: _number(shop, events)}
        # A run takes half a second, so by turns and several times, and each time on the same events.
        pairs = [(_hand_written_batches(events), _relay()) for _ in range(PAIRS)]
        return rates | {
            BATCHES: median(by_hand for by_hand, _ours in pairs),
            RELAY: median(ours for _by_hand, ours in pairs),
            POSTS: _hand_written_posts(port, events // 5),
            WEBHOOKS: _webhooks(port, events // 5),
        }


def _rate(count: int, work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def _append(count: int) -> float:
    def write(writer: int) -> None:
        for n in range(count // WRITERS):
            with unit_of_work() as uow:
                uow.record(ThingPoked(thing=f"{writer}-{n % STREAMS}", n=n))

    return _rate(count, lambda: together(*(lambda writer=writer: write(writer) for writer in range(WRITERS))))


def _fill(count: int, name: str) -> None:
    for start in range(0, count, 500):
        with unit_of_work() as uow:
            uow.record(*(ThingPoked(thing=f"{name}-{start + n}", n=n) for n in range(500)), new_stream=True)


def _number(shop: TenantRef, count: int) -> float:
    while number(tenant_id=shop.id):
        pass
    sql("DELETE FROM public.operations_wakeup")
    _fill(count, "caught")

    def catch_up() -> None:
        while number(tenant_id=shop.id):
            pass

    return _rate(count, catch_up)


def _hand_written_batches(count: int) -> float:
    """What a plain batch relay costs: read a batch, do nothing, remember the position, commit."""
    sql("DROP TABLE IF EXISTS hand_written")
    sql("CREATE TABLE hand_written (position bigint)")
    sql("INSERT INTO hand_written VALUES (0)")

    def work() -> None:
        position, read = 0, 0
        while read < count:
            rows = sql(f"SELECT * FROM events_event WHERE position > %s ORDER BY position LIMIT {BATCH}", position)
            position, read = max(row[2] for row in rows), read + len(rows)
            sql("UPDATE hand_written SET position = %s", position)

    return _rate(count, work)


def _relay() -> float:
    memory = MemoryTransport(batch=BATCH, chunk=BATCH)
    subscription = memory.subscribe(partitions=4)
    services.replay(subscription_id=subscription.pk, after=0)
    total = len(sql("SELECT 1 FROM events_event WHERE type LIKE 'testkit.%%'".replace("%%", "%")))
    rate = _rate(total, lambda: drain(tenant_id=log_id(), seconds=120))
    assert len(memory.taken) == total, (len(memory.taken), total)
    services.unsubscribe(subscription_id=subscription.pk)
    return rate


def _hand_written_posts(port: int, count: int) -> float:
    link = HTTPConnection("127.0.0.1", port)
    body = b'{"specversion":"1.0","data":{"thing":"a","n":1}}' * 8

    def work() -> None:
        for _ in range(count):
            link.request("POST", "/", body)
            link.getresponse().read()

    return _rate(count, work)


def _webhooks(port: int, count: int) -> float:
    create_endpoint(url=f"http://127.0.0.1:{port}/", event_types=["testkit.*"], context=current())
    _fill(count, "posted")
    rate = _rate(count, lambda: drain(tenant_id=log_id(), seconds=120))
    delivered = sql("SELECT count(*) FROM webhooks_delivery WHERE succeeded")[0][0]
    assert delivered == count, (delivered, count)
    connection.close()
    return rate
