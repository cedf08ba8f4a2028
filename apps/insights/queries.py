"""Reading the read models: the live build, in one statement each. Days are days in UTC, both ends included.

`sales` and `sellers` remember answers for two seconds, and longer while their projection stands (`ReadModel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from apps.events.projections.read_models import Fresh, Freshness, ReadModel, freshness_of
from apps.events.projections.states import live_build
from apps.insights.models import CustomerValue, ProductDay, SalesDay, StatusCount, StockDay
from rustok.money import Money

R = TypeVar("R", SalesDay, ProductDay, StockDay, CustomerValue)

__all__ = [
    "BEST_SELLERS",
    "CUSTOMER_VALUE",
    "ORDERS_BY_STATUS",
    "SALES_PER_DAY",
    "STOCK_MOVEMENTS",
    "DaySales",
    "Fresh",
    "Freshness",
    "ProductSales",
    "best_sellers",
    "customer_values",
    "freshness_of",
    "last_sales_day",
    "orders_by_status",
    "orders_per_day",
    "sales",
    "sales_days",
    "sellers",
    "stock_days",
]

SALES_PER_DAY: Final = "sales_per_day"
BEST_SELLERS: Final = "best_sellers"
STOCK_MOVEMENTS: Final = "stock_movements"
CUSTOMER_VALUE: Final = "customer_value"
ORDERS_BY_STATUS: Final = "orders_by_status"


@dataclass(frozen=True, slots=True)
class DaySales:
    """A day's orders in one currency. `orders` counts cancelled ones too, `net` is what is left of their money."""

    day: date
    orders: int
    cancelled_orders: int
    net: Money


@dataclass(frozen=True, slots=True)
class ProductSales:
    """What was sold of a SKU, in one currency; cancelled orders excluded, refunds not deducted."""

    sku: str
    name: str
    quantity: int
    revenue: Money


def sales_days(
    *, since: date | None = None, until: date | None = None, currency: str | None = None
) -> QuerySet[SalesDay]:
    """Sales per day and currency."""
    return _between(SalesDay.objects.filter(build=live_build(SALES_PER_DAY)), since, until, currency=currency)


def stock_days(
    *,
    since: date | None = None,
    until: date | None = None,
    sku: str | None = None,
    location: str | None = None,
    kind: str | None = None,
) -> QuerySet[StockDay]:
    """Stock movements per day, SKU, place and kind."""
    rows = StockDay.objects.filter(build=live_build(STOCK_MOVEMENTS))
    return _between(rows, since, until, sku=sku, location=location, kind=kind)


def customer_values(*, currency: str | None = None, customer_id: UUID | None = None) -> QuerySet[CustomerValue]:
    """What customers are worth, per currency."""
    rows = CustomerValue.objects.filter(build=live_build(CUSTOMER_VALUE))
    return _between(rows, None, None, currency=currency, customer_id=customer_id)


def best_sellers(
    *, since: date | None = None, until: date | None = None, currency: str | None = None, limit: int = 10
) -> list[ProductSales]:
    """The `limit` SKUs that brought in most in each currency (or the one named): by currency, the best first."""
    rows = (
        _between(ProductDay.objects.filter(build=live_build(BEST_SELLERS)), since, until, currency=currency)
        .values("currency", "sku")
        .annotate(pieces=Sum("quantity"), amount=Sum("revenue"), names=ArrayAgg("name", order_by="-position"))
        .annotate(rank=Window(RowNumber(), partition_by=F("currency"), order_by=(F("amount").desc(), F("sku").asc())))
        .filter(pieces__gt=0, rank__lte=limit)
        .order_by("currency", "rank")
    )
    return [
        ProductSales(row["sku"], row["names"][0], int(row["pieces"]), Money(int(row["amount"]), row["currency"]))
        for row in rows
    ]


def orders_per_day(*, since: date, until: date) -> dict[date, int]:
    """How many orders were placed on each day, whatever their currency; days without orders are left out."""
    rows = sales_days(since=since, until=until).order_by().values_list("day").annotate(count=Sum("orders"))
    return {day: int(count) for day, count in rows}


def orders_by_status() -> dict[str, int]:
    """How many orders are in each status; empty ones are left out. At most six rows."""
    rows = StatusCount.objects.filter(build=live_build(ORDERS_BY_STATUS), orders__gt=0)
    return dict(rows.order_by("status").values_list("status", "orders"))


def last_sales_day() -> date | None:
    """The latest day with an order; None before the first. One row by index."""
    return sales_days().order_by("-day").values_list("day", flat=True).first()


def _load_sales(since: date, until: date) -> list[DaySales]:
    rows = sales_days(since=since, until=until).order_by("day", "currency")
    return [DaySales(row.day, row.orders, row.cancelled_orders, Money(row.net, row.currency)) for row in rows]


sales: Final = ReadModel(name="sales", projection=SALES_PER_DAY, load=_load_sales)
sellers: Final = ReadModel(name="sellers", projection=BEST_SELLERS, load=best_sellers)


def _between(rows: QuerySet[R], since: date | None, until: date | None, **equal: Any) -> QuerySet[R]:
    given = equal | {"day__gte": since, "day__lte": until}
    return rows.filter(**{name: value for name, value in given.items() if value is not None})
