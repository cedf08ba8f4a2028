"""What parallel buyers and clerks cannot do to a shop. Real threads, connections and commits."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import F

from apps.catalog.models import Reservation, StockLevel
from apps.events.models import Event
from apps.orders.models import Order, OrderTransition
from apps.orders.services import (
    CreateOrder,
    OrderItem,
    RefundOrder,
    cancel_order,
    confirm_order,
    create_order,
    refund_order,
)
from apps.payments.models import Payment
from tests.support.commerce import basket, make_order, make_product, make_products, stock_of
from tests.support.race import PATIENCE, kinds, race

BUYERS = 64


def test_64_buyers_of_the_last_10_units_get_10(live_acme):
    make_product("LAST", on_hand=10)

    results = race(live_acme, [lambda context: create_order(input=basket({"LAST": 1}), context=context)] * BUYERS)

    assert kinds(results) == {"Order": 10, "InsufficientInventory": 54}
    assert stock_of("LAST") == (10, 10)
    assert Order.objects.count() == Event.objects.filter(type="orders.order_placed").count() == 10


def test_one_sku_twice_in_the_basket_does_not_help(live_acme):
    make_product("LAST", on_hand=10)
    pair = CreateOrder(currency="USD", lines=[OrderItem(sku="LAST", quantity=1), OrderItem(sku="LAST", quantity=2)])

    results = race(live_acme, [lambda context: create_order(input=pair, context=context)] * 24)

    assert kinds(results) == {"Order": 3, "InsufficientInventory": 21}
    assert stock_of("LAST") == (10, 9)


def test_the_loser_is_told_what_is_really_left(live_acme):
    make_product("LAST", on_hand=10)

    results = race(live_acme, [lambda context: create_order(input=basket({"LAST": 3}), context=context)] * 12)

    assert kinds(results) == {"Order": 3, "InsufficientInventory": 9}
    assert all(loser.context["available"] < 3 for loser in results if not isinstance(loser, Order))


def test_baskets_in_opposite_order_do_not_deadlock(live_acme):
    make_products("A", "B", "C", on_hand=1000)
    there, back = basket({"A": 1, "B": 1, "C": 1}), basket({"C": 1, "B": 1, "A": 1})

    results = race(
        live_acme,
        [lambda context, given=given: [create_order(input=given, context=context) for _ in range(5)]
         for given in [there, back] * 8],
    )  # fmt: skip

    assert kinds(results) == {"list": 16}
    assert stock_of("B") == (1000, 80)


def test_cancelled_stock_can_be_bought_at_once(live_acme):
    """A buyer who waits for the lock of a cancellation sees what it freed, not an older snapshot."""
    make_product("LAST", on_hand=1)
    order = make_order(lines={"LAST": 1})

    race(
        live_acme,
        [
            lambda context: cancel_order(order_id=order.pk, context=context),
            *[lambda context: create_order(input=basket({"LAST": 1}), context=context)] * 4,
        ],
    )

    on_hand, reserved = stock_of("LAST")
    held = Reservation.objects.filter(status="held").count()
    assert (on_hand, reserved) == (1, held)


@pytest.mark.parametrize(
    "rivals", [(confirm_order, confirm_order), (confirm_order, cancel_order), (cancel_order, cancel_order)]
)
def test_of_two_rival_moves_the_history_shows_one_order_of_events(live_acme, rivals):
    """Confirm and cancel may both happen (in this order); nothing happens twice, and no version is lost."""
    order = make_order()

    race(live_acme, [lambda context, move=move: move(order_id=order.pk, context=context) for move in rivals])

    steps = list(OrderTransition.objects.filter(order=order).values_list("version", "source", "target"))
    assert [version for version, _source, _target in steps] == list(range(1, len(steps) + 1))
    assert [source for _v, source, _t in steps[1:]] == [target for _v, _s, target in steps[:-1]]
    assert stock_of(order.loaded_lines[0].sku)[1] == (0 if steps[-1][2] == "cancelled" else 2)


def test_of_two_moves_from_one_version_one_wins(live_acme):
    order = make_order()

    results = race(
        live_acme,
        [lambda context: confirm_order(order_id=order.pk, context=context, expected_version=1)] * 6,
    )

    assert kinds(results) == {"Order": 1, "VersionConflict": 5}


def test_parallel_refunds_never_exceed_the_capture(live_acme):
    order = make_order("paid")
    third = RefundOrder(amount=order.total // 3)

    results = race(live_acme, [lambda context: refund_order(order_id=order.pk, input=third, context=context)] * 12)

    assert kinds(results)["Order"] == 3
    payment = Payment.objects.get()
    assert payment.refunded == sum(payment.refunds.values_list("amount", flat=True)) == order.total


class TestNegativeControls:
    """The naive way, to show that these tests could fail."""

    def test_check_then_write_oversells_without_the_constraint(self, live_acme):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE naive_stock (on_hand int, reserved int)")
            cursor.execute("INSERT INTO naive_stock VALUES (1, 0)")
        checked = Barrier(4, timeout=PATIENCE)

        def buy(_context):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT on_hand - reserved FROM naive_stock")
                available = cursor.fetchone()[0]
                checked.wait()
                if available >= 1:
                    cursor.execute("UPDATE naive_stock SET reserved = reserved + 1")

        try:
            race(live_acme, [buy] * 4)
            with connection.cursor() as cursor:
                cursor.execute("SELECT reserved FROM naive_stock")
                assert cursor.fetchone() == (4,)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE naive_stock")

    def test_check_then_write_is_refused_by_the_constraint(self, live_acme):
        make_product("LAST", on_hand=1)
        checked = Barrier(4, timeout=PATIENCE)

        def buy(_context):
            with transaction.atomic():
                level = StockLevel.objects.get()
                checked.wait()
                if level.available >= 1:
                    StockLevel.objects.update(reserved=F("reserved") + 1)

        results = race(live_acme, [buy] * 4)

        assert kinds(results) == {"NoneType": 1, "IntegrityError": 3}
        assert stock_of("LAST") == (1, 1)
