"""Reads of orders and carts: lists, one order with its story, and the numbers of the dashboard (one statement each)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from apps.orders.models import Cart, Order, OrderLine, OrderStatus, OrderTransition
from apps.orders.states import CANCELLED
from rustok.errors.families import NotFound
from rustok.money import Money

__all__ = [
    "DayCount",
    "DayRevenue",
    "OrderStatus",
    "ProductSales",
    "get_cart",
    "get_order",
    "history",
    "orders",
    "orders_by_status",
    "orders_per_day",
    "revenue_per_day",
    "top_products",
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


def get_cart(cart_id: UUID) -> Cart:
    """One cart with `loaded_lines`; raises NotFound."""
    cart = Cart.objects.prefetch_related("lines").filter(pk=cart_id).first()
    if cart is None:
        raise NotFound(resource=_("cart"))
    return cart


def history(order_id: UUID) -> list[OrderTransition]:
    """The moves of an order, oldest first."""
    return list(OrderTransition.objects.filter(order_id=order_id))


@dataclass(frozen=True, slots=True)
class DayCount:
    """So many orders were placed on a day (UTC)."""

    day: date
    count: int


@dataclass(frozen=True, slots=True)
class DayRevenue:
    """What the orders of a day (UTC) add up to, in one currency; cancelled ones excluded."""

    day: date
    revenue: Money


@dataclass(frozen=True, slots=True)
class ProductSales:
    """What was sold of a SKU, in one currency; cancelled orders excluded."""

    sku: str
    name: str
    quantity: int
    revenue: Money


def orders_per_day(*, since: datetime, until: datetime) -> list[DayCount]:
    """How many orders were placed, day by day, in [since, until); days without orders are left out."""
    rows = (
        _placed(since, until).annotate(day=TruncDate("placed_at")).values("day").annotate(count=Count("id"))
    ).order_by("day")
    return [DayCount(row["day"], row["count"]) for row in rows]


def revenue_per_day(*, since: datetime, until: datetime) -> list[DayRevenue]:
    """What was ordered and not cancelled, per day and currency, in [since, until)."""
    rows = (
        _placed(since, until)
        .exclude(status=CANCELLED)
        .annotate(day=TruncDate("placed_at"))
        .values("day", "currency")
        .annotate(amount=Sum("total"))
    ).order_by("day", "currency")
    return [DayRevenue(row["day"], Money(int(row["amount"]), row["currency"])) for row in rows]


def orders_by_status() -> dict[str, int]:
    """How many orders are in each status; empty ones are left out."""
    return dict(Order.objects.values_list("status").annotate(count=Count("id")).order_by("status"))


def top_products(*, since: datetime, until: datetime, limit: int = 10) -> list[ProductSales]:
    """The SKUs that brought in most, in [since, until), per currency."""
    rows = (
        OrderLine.objects.filter(order__placed_at__gte=since, order__placed_at__lt=until)
        .exclude(order__status=CANCELLED)
        .values("sku", "name", "order__currency")
        .annotate(pieces=Sum("quantity"), amount=Sum("total"))
        .order_by("-amount", "sku")[:limit]
    )
    return [
        ProductSales(row["sku"], row["name"], int(row["pieces"]), Money(int(row["amount"]), row["order__currency"]))
        for row in rows
    ]


def _placed(since: datetime, until: datetime) -> QuerySet[Order]:
    return Order.objects.filter(placed_at__gte=since, placed_at__lt=until)
