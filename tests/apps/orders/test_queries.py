"""Lists and numbers of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.orders import queries
from apps.orders.services import CreateOrder, OrderItem, cancel_order, create_order
from tests.support.commerce import make_customer, make_order, make_products
from tests.support.statements import at_most

MONDAY = datetime(2017, 1, 2, 9, tzinfo=UTC)


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


def test_orders_by_status(week):
    with at_most(1):
        assert queries.orders_by_status() == {"cancelled": 1, "pending": 2}


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
