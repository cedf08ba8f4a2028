"""Aggregates replayed from their events: restored at any version, kept as snapshots, compared with their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from apps.catalog.services import adjust_stock, set_stock
from apps.customers.services import UpdateCustomer, update_customer
from apps.events.aggregates import drop_stale, rebuilding, restore, take_snapshot, verify
from apps.events.aggregates.restoring import IncompleteStream
from apps.events.models import Event, Snapshot
from apps.orders.services import (
    CancelOrder,
    CreateCart,
    RefundOrder,
    cancel_order,
    check_out,
    create_cart,
    expire_carts,
    put_line,
    refund_order,
)
from rustok import aggregates
from rustok.aggregates import Aggregate
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from rustok.events import DomainEvent
from rustok.upcasting import upcaster
from tests.support.commerce import PATHS, make_customer, make_order, make_product
from tests.support.events import ThingPoked, poke, run


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a thing was poked, and its last number."""

    pokes: int
    last: int


def count(state: Tally | None, event: ThingPoked) -> Tally:
    return Tally((state.pokes if state else 0) + 1, event.n)


ROWS: dict[UUID, Tally] = {}


def rows(ids: Collection[UUID]) -> dict[UUID, Tally]:
    return {identity: ROWS[identity] for identity in ids if identity in ROWS}


@pytest.fixture
def things() -> Iterator[Aggregate]:
    """Things, whose rows are in ROWS."""
    kind = Aggregate(name="thing", state=Tally, fold=count, stored=rows)
    ROWS.clear()
    aggregates.register(kind)
    yield kind
    aggregates.unregister("thing")


def poked(times: int, thing: UUID | None = None) -> UUID:
    identity = thing or new_id()
    poke(*[str(identity)] * times)
    return identity


def test_a_stream_gives_the_state_at_any_version(acme, things):
    thing = poked(3)

    assert restore(things, f"thing-{thing}").state == Tally(3, 2)
    assert restore(things, f"thing-{thing}", until=2).state == Tally(2, 1)
    assert restore(things, "thing-none").version == 0


def test_a_snapshot_saves_the_replay(acme, things):
    stream = f"thing-{(thing := poked(5))}"
    take_snapshot(things, stream, Tally(5, 4), 5)
    poked(2, thing)

    restored = restore(things, stream)

    assert (restored.state, restored.version, restored.replayed) == (Tally(7, 1), 7, 2)


def test_a_snapshot_later_than_asked_for_is_not_used(acme, things):
    stream = f"thing-{poked(5)}"
    take_snapshot(things, stream, Tally(5, 4), 5)

    assert restore(things, stream, until=3).state == Tally(3, 2)


def test_an_earlier_snapshot_does_not_replace_a_later_one(acme, things):
    stream = f"thing-{poked(5)}"
    take_snapshot(things, stream, Tally(5, 4), 5)
    take_snapshot(things, stream, Tally(2, 1), 2)

    assert restore(things, stream).replayed == 0


@dataclass(frozen=True, slots=True)
class WiderTally:
    """As Tally, grown by a member."""

    pokes: int
    last: int
    sum: int = 0


def count_wider(state: WiderTally | None, event: ThingPoked) -> WiderTally:
    known = state or WiderTally(0, 0)
    return WiderTally(known.pokes + 1, event.n, known.sum + event.n)


def test_a_stale_snapshot_is_never_loaded(acme, things):
    stream = f"thing-{poked(5)}"
    take_snapshot(things, stream, Tally(5, 4), 5)
    changed = replace(things, state=WiderTally, fold=count_wider)

    assert restore(changed, stream).state == WiderTally(5, 4, 10)
    assert drop_stale(changed) == 1
    assert not Snapshot.objects.exists()


def test_todays_snapshots_are_kept(acme, things):
    take_snapshot(things, f"thing-{poked(1)}", Tally(1, 0), 1)

    assert drop_stale(things) == 0


def test_a_stream_with_a_hole_is_not_restored(acme, things):
    stream = f"thing-{poked(3)}"
    run("SET LOCAL rustok.retention = 'on'")
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    run("DELETE FROM events_event WHERE stream = %s AND version = 2", stream)

    with pytest.raises(IncompleteStream):
        restore(things, stream)
    assert (verify(things).cut, verify(things).compared) == (1, 0)


def test_rows_that_agree_are_counted(acme, things):
    ROWS[poked(3)] = Tally(3, 2)
    seen: list[int] = []

    verdict = verify(things, advance=seen.append)

    assert (verdict.compared, verdict.differences, sum(seen)) == (1, [], 3)


def test_differences_name_the_aggregate_and_the_member(acme, things):
    thing, lost = poked(3), poked(1)
    ROWS[thing] = Tally(9, 2)

    assert sorted(verify(things).differences) == sorted(
        [
            f"thing-{thing}: pokes: events say 3, the row 9",
            f"thing-{lost}: row is missing",
        ]
    )


def test_a_row_written_during_the_look_is_no_difference(acme, things):
    thing = poked(1)

    def behind(ids: Collection[UUID]) -> dict[UUID, Tally]:
        found = rows(ids)
        if not ROWS:  # somebody writes between our reading the events and the row
            poked(1, thing)
            ROWS[thing] = Tally(2, 0)
        return found

    assert verify(replace(things, stored=behind)).differences == []


def test_an_unreadable_event_is_told(acme, things):
    thing = poked(1)
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    run("UPDATE events_event SET data = '{}' WHERE stream = %s", f"thing-{thing}")

    assert "cannot be read" in verify(things).differences[0]


@pytest.fixture
def full_life(acme, context) -> None:
    """A shop in which everything has happened that can happen to orders, money, stock and customers."""
    customer = make_customer()
    update_customer(customer_id=customer.pk, input=UpdateCustomer(name="Ann Li"), context=context)
    for status in PATHS:
        make_order(status, customer_id=customer.pk)
    returned, refunded, part = make_order("shipped"), make_order("delivered"), make_order("paid")
    cancel_order(order_id=returned.pk, context=context, input=CancelOrder(reason="returned"))
    refund_order(order_id=refunded.pk, context=context)
    refund_order(order_id=part.pk, context=context, input=RefundOrder(amount=1))
    make_product("COUNTED", on_hand=5)
    for ends in (check_out, None):
        cart = create_cart(input=CreateCart(currency="USD"), context=context)
        put_line(cart_id=cart.pk, sku="COUNTED", quantity=1, context=context)
        if ends:
            ends(cart_id=cart.pk, context=context)
    expire_carts(at=cart.expires_at + timedelta(days=30))
    set_stock(sku="COUNTED", on_hand=7, context=context)
    adjust_stock(sku="COUNTED", delta=-2, context=context)


def every_verdict() -> dict[str, list[str]]:
    return {kind.name: verify(kind).differences for kind in aggregates.aggregates(platform=False)}


def test_every_aggregate_of_a_shop_agrees_with_its_rows(acme, context, full_life):
    found = every_verdict()

    assert set(found) >= {"cart", "customer", "order", "payment", "product", "stock"}
    assert {name: differences for name, differences in found.items() if differences} == {}


@pytest.mark.parametrize(
    ("damage", "kind", "member"),
    [
        ("UPDATE orders_order SET carrier = 'nobody', version = version + 1", "order", "carrier"),
        ("DELETE FROM orders_orderline", "order", "lines"),
        ("UPDATE payments_payment SET provider = 'other'", "payment", "provider"),
        ("UPDATE orders_cart SET status = 'open' WHERE status = 'expired'", "cart", "status"),
        ("UPDATE catalog_product SET name = 'other'", "product", "name"),
        ("UPDATE customers_customer SET external_id = 'x1'", "customer", "external_id"),
        ("UPDATE catalog_stocklevel SET on_hand = on_hand + 1", "stock", "on hand"),
        ("DELETE FROM catalog_stockmovement WHERE kind = 'adjust'", "stock", "changes"),
    ],
)
def test_damage_behind_the_services_back_is_found(acme, context, full_life, damage, kind, member):
    run(damage)

    assert any(member in difference for difference in every_verdict()[kind])


def test_a_row_without_events_is_found(acme, context, full_life):
    run(
        "INSERT INTO customers_customer SELECT gen_random_uuid(), name, email, phone, NULL, attributes, version, "
        "created_at, updated_at FROM customers_customer LIMIT 1"
    )

    assert "1 rows of customers_customer have no events" in every_verdict()["customer"][0]


def test_tenants_agree_with_the_platforms_log(platform):
    (kind,) = aggregates.aggregates(platform=True)

    assert verify(kind).differences == []


@dataclass(frozen=True, slots=True, kw_only=True)
class MugFilled(DomainEvent):
    """A mug was filled. Version 1 told centilitres."""

    type: ClassVar[str] = "testkit.mug_filled"
    version: ClassVar[int] = 2
    aggregate: ClassVar[str] = "mug"
    key: ClassVar[str] = "mug_id"

    mug_id: UUID
    millilitres: int


@upcaster("testkit.mug_filled", from_version=1)
def in_millilitres(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 to 2."""
    return {"mug_id": data["mug_id"], "millilitres": data["centilitres"] * 10}


def pour(state: int | None, event: MugFilled) -> int:
    return (state or 0) + event.millilitres


def test_events_of_an_old_version_are_folded_as_new_ones_and_stay_as_recorded(acme):
    mug = new_id()
    run(
        "INSERT INTO events_event (id, stream, version, type, schema_version, data, metadata)"
        " VALUES (%s, %s, 1, 'testkit.mug_filled', 1, %s::jsonb, '{}')",
        *(new_id(), f"mug-{mug}", f'{{"mug_id": "{mug}", "centilitres": 25}}'),
    )
    with unit_of_work() as uow:
        uow.record(MugFilled(mug_id=mug, millilitres=100))

    restored = restore(Aggregate(name="mug", state=int, fold=pour, stored=rows), f"mug-{mug}", snapshots=False)

    assert (restored.state, restored.version) == (350, 2)
    assert list(Event.objects.filter(stream=f"mug-{mug}").order_by("version").values_list("schema_version")) == [
        (1,),
        (2,),
    ]


def test_rebuild_takes_snapshots_of_long_streams_and_drops_stale_ones(acme, things, monkeypatch):
    monkeypatch.setattr(rebuilding, "LONG", 3)
    long, short = poked(4), poked(2)
    take_snapshot(replace(things, state=WiderTally), f"thing-{short}", WiderTally(2, 1), 2)

    assert rebuilding.rebuild_snapshots(platform=False, dry_run=True) == rebuilding.Rebuilt(dropped=1, taken=1)
    assert rebuilding.rebuild_snapshots(platform=False) == rebuilding.Rebuilt(dropped=1, taken=1)
    assert list(Snapshot.objects.values_list("stream", "version")) == [(f"thing-{long}", 4)]
