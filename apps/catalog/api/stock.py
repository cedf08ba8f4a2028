"""`/api/v1/stock/`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.catalog import queries, services
from apps.catalog.api.schemas import AdjustStockBody, SetStockBody, StockFilter, StockOut, stock_out
from apps.catalog.errors import StockBelowReserved, StockTooLarge
from rustok.api import Call, Endpoint, Page, operation, paginate
from rustok.errors.families import NotFound
from rustok.operations import Criticality


class Stock(Endpoint):
    """What lies on the shelves."""

    @operation(
        "stock.list",
        permission="stock:read",
        criticality=Criticality.NORMAL,
        query=StockFilter,
        answer=Page[StockOut],
        summary=_("List stock"),
    )
    def get(self, call: Call[None, StockFilter]) -> dict[str, Any]:
        """Stock levels, one per SKU and location."""
        given = call.query
        found = queries.stock(sku=given.sku or "", location=given.location or "", low=given.low)
        return paginate(found, call, to_dict=stock_out, ordering=("id",))

    @operation(
        "stock.set",
        permission="stock:update",
        criticality=Criticality.NORMAL,
        body=SetStockBody,
        answer=StockOut,
        errors=(NotFound, StockBelowReserved),
        summary=_("Set counted stock"),
    )
    def put(self, call: Call[SetStockBody, None]) -> dict[str, Any]:
        """Set the quantity on hand; safe to repeat. Not below what is reserved."""
        return stock_out(services.set_stock(**call.body.model_dump(), context=call.context))

    @operation(
        "stock.adjust",
        permission="stock:update",
        criticality=Criticality.NORMAL,
        body=AdjustStockBody,
        answer=StockOut,
        errors=(NotFound, StockBelowReserved, StockTooLarge),
        idempotent=True,
        summary=_("Adjust stock"),
    )
    def patch(self, call: Call[AdjustStockBody, None]) -> dict[str, Any]:
        """Add or take away a quantity."""
        return stock_out(services.adjust_stock(**call.body.model_dump(), context=call.context))
