"""Reads of orders and carts: lists, one order with its story, and the numbers of the dashboard (one statement each)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.orders.models import Cart, Order, OrderStatus, OrderTransition
from rustok.errors.families import NotFound

__all__ = [
    "OrderStatus",
    "get_cart",
    "get_order",
    "history",
    "orders",
    "orders_by_status",
]


def orders(
    *,
    status: str = "",
    payment_status: str = "",
    customer_id: UUID | None = None,
    number: str = "",
    placed_after: datetime | None = None,
    placed_before: datetime | None = None,
) -> QuerySet[Order]:
    """Orders with `loaded_lines`; `placed_after` is inclusive, `placed_before` exclusive."""
    given = {
        "status": status or None,
        "payment_status": payment_status or None,
        "customer_id": customer_id,
        "number": number or None,
        "placed_at__gte": placed_after,
        "placed_at__lt": placed_before,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    return Order.objects.filter(**wanted).prefetch_related("lines")


def get_order(order_id: UUID) -> Order:
    """One order with `loaded_lines`; raises NotFound."""
    order = orders().filter(pk=order_id).first()
    if order is None:
        raise NotFound(resource=_("order"))
    return order


def find_order_by_number(number: str) -> Order | None:
    """The order that people know by this number, or None. One row by index."""
    return Order.objects.filter(number=number[:20].upper()).first()


def get_cart(cart_id: UUID) -> Cart:
    """One cart with `loaded_lines`; raises NotFound."""
    cart = Cart.objects.prefetch_related("lines").filter(pk=cart_id).first()
    if cart is None:
        raise NotFound(resource=_("cart"))
    return cart


def history(order_id: UUID) -> list[OrderTransition]:
    """The moves of an order, oldest first."""
    return list(OrderTransition.objects.filter(order_id=order_id))


def orders_by_status() -> dict[str, int]:
    """How many orders are in each status; empty ones are left out."""
    return dict(Order.objects.values_list("status").annotate(count=Count("id")).order_by("status"))
