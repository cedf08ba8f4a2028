"""Orders and carts as their events tell them: pure folds, and the same states read from the rows to compare with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.orders.events import (
    CartCheckedOut,
    CartExpired,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderFact,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    PlacedLine,
)
from apps.orders.models import Cart, CartStatus, Order, PaymentState
from apps.orders.states import CANCELLED, CONFIRMED, DELIVERED, PAID, PENDING, SHIPPED
from rustok.aggregates import Aggregate, register
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """Everything about an order that its events tell. Amounts in minor units."""

    number: str
    customer_id: UUID | None
    currency: str
    total: int
    lines: tuple[PlacedLine, ...]
    placed_at: datetime
    version: int = 1
    status: str = PENDING
    payment_status: str = PaymentState.UNPAID.value
    carrier: str = ""
    tracking: str = ""
    confirmed_at: datetime | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None


def fold(state: OrderState | None, event: DomainEvent) -> OrderState | None:
    """The order after one more fact; facts that no order tells change nothing."""
    if isinstance(event, OrderPlaced):
        return OrderState(
            number=event.number,
            customer_id=event.customer_id,
            currency=event.currency,
            total=event.total,
            lines=event.lines,
            placed_at=event.at,
            version=event.order_version,
        )
    if state is None or not isinstance(event, OrderFact):
        return state
    return replace(state, version=event.order_version, **_changes(state, event))


def _changes(state: OrderState, event: OrderFact) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    match event:
        case OrderConfirmed():
            changes = {"status": CONFIRMED, "confirmed_at": event.at}
        case OrderPaid():
            changes = {"status": PAID, "paid_at": event.at, "payment_status": PaymentState.PAID.value}
        case OrderShipped():
            sent = {"carrier": event.carrier, "tracking": event.tracking}
            changes = {"status": SHIPPED, "shipped_at": event.at, **sent}
        case OrderDelivered():
            changes = {"status": DELIVERED, "delivered_at": event.at}
        case OrderCancelled():
            back = PaymentState.REFUNDED.value if state.paid_at else state.payment_status
            changes = {"status": CANCELLED, "cancelled_at": event.at, "payment_status": back}
        case OrderRefunded():
            left = PaymentState.PARTIALLY_REFUNDED if event.remaining else PaymentState.REFUNDED
            changes = {"payment_status": left.value}
    return changes


def stored(ids: Collection[UUID]) -> dict[UUID, OrderState]:
    """The orders as the rows have them. Two statements."""
    found = Order.objects.filter(pk__in=ids).prefetch_related("lines")
    return {order.pk: _of_rows(order) for order in found}


def _of_rows(order: Order) -> OrderState:
    plain = {f.name: getattr(order, f.name) for f in fields(OrderState) if f.name != "lines"}
    lines = tuple(
        PlacedLine(sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price, total=line.total)
        for line in order.loaded_lines
    )
    return OrderState(**plain, lines=lines)


register(Aggregate(name="order", state=OrderState, fold=fold, stored=stored, table="orders_order"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CartEnd:
    """How a cart ended; an open one has no events."""

    flow: str
    status: str
    order_id: UUID | None = None


def fold_cart(state: CartEnd | None, event: DomainEvent) -> CartEnd | None:
    """The cart after one more fact; facts that no cart tells change nothing."""
    match event:
        case CartCheckedOut():
            return CartEnd(flow=event.flow, status=CartStatus.CHECKED_OUT.value, order_id=event.order_id)
        case CartExpired():
            return CartEnd(flow=event.flow, status=CartStatus.EXPIRED.value)
    return state


def stored_carts(ids: Collection[UUID]) -> dict[UUID, CartEnd]:
    """The carts as the rows have them. One statement."""
    rows = Cart.objects.filter(pk__in=ids).values_list("pk", "flow", "status", "order_id")
    return {pk: CartEnd(flow=flow, status=status, order_id=order_id) for pk, flow, status, order_id in rows}


register(Aggregate(name="cart", state=CartEnd, fold=fold_cart, stored=stored_carts))
