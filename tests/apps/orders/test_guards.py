"""The database refuses what the services would never ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.orders.models import Order, OrderLine, OrderTransition
from apps.orders.states import ORDER
from tests.support.commerce import make_order

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

TIMES = ("confirmed_at", "paid_at", "shipped_at", "delivered_at")
PASSED = {"pending": 0, "confirmed": 1, "paid": 2, "shipped": 3, "delivered": 4}


def looks_like(order: Order, status: str) -> dict[str, Any]:
    """The columns of a plausible row in `status`, so that only the move itself can be what is refused."""
    now = timezone.now()
    if status == "cancelled":
        return {"status": status, "cancelled_at": order.cancelled_at or now, "version": F("version") + 1}
    times = {name: getattr(order, name) or now for name in TIMES[: PASSED[status]]}
    paid = "paid" if PASSED[status] >= 2 else "unpaid"
    return {"status": status, "payment_status": paid, **times, "version": F("version") + 1}


def write(order: Order, **columns: Any) -> None:
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**columns)


@pytest.mark.parametrize("target", ORDER.states)
@pytest.mark.parametrize("source", ORDER.states)
def test_moves_are_those_of_the_table(context, source, target):
    order = make_order(source)

    if source == target or ORDER.allows(source, target):
        write(order, **looks_like(order, target))
    else:
        with pytest.raises(IntegrityError, match=r"order cannot go from|order_status_and_times"):
            write(order, **looks_like(order, target))


def test_the_trigger_was_made_from_the_same_table():
    migration = import_module("apps.orders.migrations.0002_guards")

    assert set(migration.MOVES) == set(ORDER.pairs())


@pytest.mark.parametrize(
    "change",
    [
        {"number": "X"},
        {"currency": "EUR"},
        {"total": 1},
        {"external_id": "x"},
        {"placed_at": NOON},
    ],
    ids=lambda change: next(iter(change)),
)
def test_identity_and_money_never_change(context, change):
    order = make_order()

    with pytest.raises(IntegrityError, match="never change"):
        write(order, **change, version=F("version") + 1)


@pytest.mark.parametrize("step", [0, 2, -1])
def test_a_change_is_one_version(context, step):
    order = make_order()

    with pytest.raises(IntegrityError, match="takes its version"):
        write(order, carrier="DHL", version=F("version") + step)


def test_a_moment_is_not_rewritten(context):
    order = make_order("confirmed")

    with pytest.raises(IntegrityError, match="moment"):
        write(order, confirmed_at=timezone.now(), version=F("version") + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"paid_at": NOON},
        {"payment_status": "paid"},
        {"payment_status": "gift"},
        {"status": "lost"},
        {"cancelled_at": NOON},
    ],
    ids=str,
)
def test_status_moments_and_money_belong_together(context, change):
    order = make_order()

    with pytest.raises(IntegrityError):
        write(order, **change, version=F("version") + 1)


@pytest.mark.parametrize(("model", "change"), [(OrderLine, {"quantity": 1}), (OrderTransition, {"reason": "x"})])
def test_lines_and_history_never_change(context, model, change):
    order = make_order()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        model.objects.filter(order=order).update(**change)


def test_raw_sql_is_no_way_around(context):
    order = make_order()

    with pytest.raises(IntegrityError, match="order cannot go"), connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET status = 'delivered', version = version + 1 WHERE id = %s", [order.pk])
