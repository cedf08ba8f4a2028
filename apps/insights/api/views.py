"""`/api/v1/reports/`: the read models, each with its freshness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.insights import queries
from apps.insights.api import schemas
from apps.insights.api.schemas import (
    CustomerQuery,
    CustomerReport,
    SalesQuery,
    SalesReport,
    SellersQuery,
    SellersReport,
    StockQuery,
    StockReport,
)
from rustok.api import Call, Endpoint, operation, paginate
from rustok.operations import Criticality


def _report(projection: str, page: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The page with its freshness, which is read first: rows may be newer than what is said, never older."""
    freshness = schemas.freshness_out(queries.freshness_of(projection))
    return page() | {"freshness": freshness}


class SalesPerDay(Endpoint):
    """Sales per day and currency."""

    @operation(
        "reports.sales_per_day",
        permission="report:read",
        criticality=Criticality.LOW,
        query=SalesQuery,
        answer=SalesReport,
        summary=_("Report sales per day"),
    )
    def get(self, call: Call[None, SalesQuery]) -> dict[str, Any]:
        """The newest day first. Amounts of different currencies are never added up."""
        given = call.query
        rows = queries.sales_days(since=given.since, until=given.until, currency=given.currency)
        ordering = ("-day", "currency")
        return _report(
            queries.SALES_PER_DAY, lambda: paginate(rows, call, to_dict=schemas.sales_day_out, ordering=ordering)
        )


class BestSellers(Endpoint):
    """Which products sell."""

    @operation(
        "reports.best_sellers",
        permission="report:read",
        criticality=Criticality.LOW,
        query=SellersQuery,
        answer=SellersReport,
        summary=_("Report best sellers"),
    )
    def get(self, call: Call[None, SellersQuery]) -> dict[str, Any]:
        """By currency, then by revenue in the days asked for. Answers are at most two seconds old."""
        answer = queries.sellers.get(**call.query.model_dump())
        results = [schemas.product_sales_out(sales) for sales in answer.value]
        return {"results": results, "freshness": schemas.freshness_out(answer.freshness)}


class StockMovements(Endpoint):
    """What came and went."""

    @operation(
        "reports.stock_movements",
        permission="report:read",
        criticality=Criticality.LOW,
        query=StockQuery,
        answer=StockReport,
        summary=_("Report stock movements"),
    )
    def get(self, call: Call[None, StockQuery]) -> dict[str, Any]:
        """Per day, SKU, place and kind; the newest day first."""
        given = call.query
        rows = queries.stock_days(
            since=given.since, until=given.until, sku=given.sku, location=given.location, kind=given.kind
        )
        ordering = ("-day", "sku", "location", "kind")
        return _report(
            queries.STOCK_MOVEMENTS, lambda: paginate(rows, call, to_dict=schemas.stock_day_out, ordering=ordering)
        )


class CustomerValues(Endpoint):
    """What customers are worth."""

    @operation(
        "reports.customer_value",
        permission="report:read",
        criticality=Criticality.LOW,
        query=CustomerQuery,
        answer=CustomerReport,
        summary=_("Report customer value"),
    )
    def get(self, call: Call[None, CustomerQuery]) -> dict[str, Any]:
        """Per customer and currency, the most valuable first."""
        rows = queries.customer_values(currency=call.query.currency, customer_id=call.query.customer)
        ordering = ("-net", "customer_id", "currency")
        return _report(
            queries.CUSTOMER_VALUE, lambda: paginate(rows, call, to_dict=schemas.customer_value_out, ordering=ordering)
        )
