"""The numbers of the dashboard, one statement each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.orders import queries
from apps.orders.services import CreateOrder, OrderItem, cancel_order, create_order
from rustok.money import Money
from tests.support.commerce import make_customer, make_order, make_products
from tests.support.statements import at_most

MONDAY = datetime(2017, 1, 2, 9, tzinfo=UTC)
WEEK = {"since": MONDAY - timedelta(hours=9), "until": MONDAY + timedelta(days=7)}


@pytest.fixture
def week(context):
    """Two orders on Monday (one of them cancelled), one on Tuesday in yen."""
    make_products("TEA", "CUP")
    sold = [
        ("TEA", 2, 100, "USD", MONDAY),
        ("CUP", 1, 900, "USD", MONDAY),
        ("TEA", 1, 50, "JPY", MONDAY + timedelta(days=1)),
    ]
    orders = [
        create_order(
            input=CreateOrder(
                currency=currency, lines=[OrderItem(sku=sku, quantity=quantity, unit_price=price)], placed_at=at
            ),
            context=context,
        )
        for sku, quantity, price, currency, at in sold
    ]
    cancel_order(order_id=orders[1].pk, context=context)
    return orders


def test_orders_per_day(week):
    with at_most(1):
        counts = queries.orders_per_day(**WEEK)

    assert [(row.day.isoformat(), row.count) for row in counts] == [("2017-01-02", 2), ("2017-01-03", 1)]


def test_revenue_per_day_and_currency_leaves_out_what_was_cancelled(week):
    with at_most(1):
        revenue = queries.revenue_per_day(**WEEK)

    assert [(row.day.day, row.revenue) for row in revenue] == [(2, Money(200, "USD")), (3, Money(50, "JPY"))]


def test_orders_by_status(week):
    with at_most(1):
        assert queries.orders_by_status() == {"cancelled": 1, "pending": 2}


def test_top_products(week):
    with at_most(1):
        best = queries.top_products(**WEEK, limit=1)

    assert [(row.sku, row.quantity, row.revenue) for row in best] == [("TEA", 2, Money(200, "USD"))]


def test_the_end_of_a_period_is_not_part_of_it(week):
    assert queries.orders_per_day(since=MONDAY - timedelta(days=1), until=MONDAY) == []


def test_orders_are_found_by_their_facts(context):
    customer = make_customer()
    mine, paid = make_order(customer_id=customer.pk), make_order("paid")

    assert list(queries.orders(customer_id=customer.pk)) == [mine]
    assert list(queries.orders(status="paid")) == [paid]
    assert list(queries.orders(payment_status="unpaid")) == [mine]
    assert list(queries.orders(number=paid.number)) == [paid]
    assert list(queries.orders(placed_after=paid.placed_at)) == [paid]
    assert list(queries.orders(placed_before=paid.placed_at)) == [mine]


def test_a_list_costs_two_statements(context):
    for _ in range(3):
        make_order()

    with at_most(2):
        assert all(order.loaded_lines for order in queries.orders())
