"""What the reports read and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.insights.models import CustomerValue, SalesDay, StockDay
from apps.insights.queries import Freshness, ProductSales
from rustok.api import Out, Page, PageQuery, Query
from rustok.api.money import Currency, MoneyOut
from rustok.text import NON_BLANK

Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
Since = Annotated[date | None, Field(description="First day (UTC), inclusive.")]
Until = Annotated[date | None, Field(description="Last day (UTC), inclusive.")]


class SalesQuery(PageQuery):
    """Days and one currency, if wanted."""

    since: Since = None
    until: Until = None
    currency: Currency | None = None


class StockQuery(PageQuery):
    """Days, and what moved where."""

    since: Since = None
    until: Until = None
    sku: Word | None = None
    location: Word | None = None
    kind: Literal["set", "adjust", "return", "ship"] | None = None


class CustomerQuery(PageQuery):
    """One currency or one customer, if wanted."""

    currency: Currency | None = None
    customer: UUID | None = None


class SellersQuery(Query):
    """Days, one currency if wanted, and how many of each currency."""

    since: Since = None
    until: Until = None
    currency: Currency | None = None
    limit: int = Field(10, ge=1, le=100, description="How many of each currency.")


class FreshnessOut(Out):
    """How new the numbers are."""

    position: int = Field(description="Up to this position of the event log every fact is in the report.")
    lag_seconds: float = Field(description="Age of the oldest fact that is not in the report; 0 when none is missing.")
    is_built: bool = Field(description="False before the report's tables were first filled.")
    is_exact: bool = Field(description="False while facts that could not be counted wait for another try.")
    time_zone: Literal["UTC"] = Field(description="Whose days the report counts.")


class SalesDayOut(Out):
    """The orders that were placed on a day in one currency, and what became of their money since."""

    day: date
    orders: int
    cancelled_orders: int
    gross: MoneyOut = Field(description="What was ordered.")
    cancelled: MoneyOut = Field(description="Of cancelled orders, without what had been refunded before.")
    refunded: MoneyOut
    net: MoneyOut = Field(description="gross - cancelled - refunded")


class ProductSalesOut(Out):
    """What was sold of a SKU in one currency; cancelled orders excluded, refunds of single orders not deducted."""

    sku: str
    name: str
    quantity: int
    revenue: MoneyOut


class StockDayOut(Out):
    """What moved on a day; `on_hand` is the level after the last movement that told it."""

    day: date
    sku: str
    location: str
    kind: str
    movements: int
    received: int
    removed: int
    on_hand: int | None


class CustomerValueOut(Out):
    """What a customer's orders add up to in one currency."""

    customer: UUID
    orders: int
    cancelled_orders: int
    gross: MoneyOut
    cancelled: MoneyOut
    refunded: MoneyOut
    net: MoneyOut
    first_order_at: datetime
    last_order_at: datetime


class SalesReport(Page[SalesDayOut]):
    """Days, the newest first."""

    freshness: FreshnessOut


class StockReport(Page[StockDayOut]):
    """Days, the newest first."""

    freshness: FreshnessOut


class CustomerReport(Page[CustomerValueOut]):
    """Customers, the most valuable first."""

    freshness: FreshnessOut


class SellersReport(Out):
    """By currency, the best seller first."""

    results: list[ProductSalesOut]
    freshness: FreshnessOut


def freshness_out(freshness: Freshness) -> dict[str, Any]:
    """The answer's shape, see FreshnessOut."""
    return {
        "position": freshness.position,
        "lag_seconds": freshness.lag_seconds,
        "is_built": freshness.is_built,
        "is_exact": freshness.is_exact,
        "time_zone": "UTC",
    }


def _sums(row: SalesDay | CustomerValue) -> dict[str, Any]:
    counts = {"orders": row.orders, "cancelled_orders": row.cancelled_orders}
    amounts = ("gross", "cancelled", "refunded", "net")
    return counts | {name: {"amount": getattr(row, name), "currency": row.currency} for name in amounts}


def sales_day_out(row: SalesDay) -> dict[str, Any]:
    """The answer's shape, see SalesDayOut."""
    return {"day": row.day, **_sums(row)}


def customer_value_out(row: CustomerValue) -> dict[str, Any]:
    """The answer's shape, see CustomerValueOut."""
    times = {"first_order_at": row.first_order_at, "last_order_at": row.last_order_at}
    return {"customer": row.customer_id, **_sums(row), **times}


def stock_day_out(row: StockDay) -> dict[str, Any]:
    """The answer's shape, see StockDayOut."""
    return {name: getattr(row, name) for name in StockDayOut.model_fields}


def product_sales_out(sales: ProductSales) -> dict[str, Any]:
    """The answer's shape, see ProductSalesOut."""
    return {"sku": sales.sku, "name": sales.name, "quantity": sales.quantity, "revenue": sales.revenue.as_dict()}
