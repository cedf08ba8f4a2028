"""`/api/v1/orders/`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import InsufficientInventory, InvalidProduct
from apps.orders import queries, services
from apps.orders.api.schemas import (
    CreateOrderBody,
    OrderDetailOut,
    OrderFilter,
    OrderOut,
    order_out,
    transition_out,
)
from apps.orders.errors import OrderTooLarge
from rustok.api import Call, Endpoint, Page, operation, paginate
from rustok.errors.families import NotFound
from rustok.money import InvalidMoney
from rustok.operations import Criticality


class OrderCollection(Endpoint):
    """All orders."""

    @operation(
        "orders.list",
        permission="order:read",
        own=True,
        criticality=Criticality.NORMAL,
        query=OrderFilter,
        answer=Page[OrderOut],
        summary=_("List orders"),
    )
    def get(self, call: Call[None, OrderFilter]) -> dict[str, Any]:
        """Newest first, with lines."""
        given = call.query
        found = queries.orders(
            status=given.status or "",
            payment_status=given.payment_status or "",
            customer_id=given.customer,
            number=given.number or "",
            placed_after=given.placed_after,
            placed_before=given.placed_before,
        )
        return paginate(found, call, to_dict=order_out, ordering=("-id",))

    @operation(
        "orders.create",
        permission="order:create",
        own=True,
        criticality=Criticality.CRITICAL,
        body=CreateOrderBody,
        answer=OrderOut,
        status=201,
        errors=(InvalidProduct, InsufficientInventory, InvalidMoney, OrderTooLarge),
        idempotent=True,
        summary=_("Place an order"),
        example={"currency": "USD", "lines": [{"sku": "TEA-1", "quantity": 2}]},
    )
    def post(self, call: Call[CreateOrderBody, None]) -> dict[str, Any]:
        """Check, price and reserve the basket, all or nothing."""
        return order_out(services.create_order(input=call.body.as_input(), context=call.context))


class OrderDetail(Endpoint):
    """One order."""

    @operation(
        "orders.retrieve",
        permission="order:read",
        own=True,
        criticality=Criticality.NORMAL,
        answer=OrderDetailOut,
        errors=(NotFound,),
        summary=_("Retrieve an order"),
    )
    def get(self, call: Call[None, None], order_id: UUID) -> dict[str, Any]:
        """The order with lines and history, its version as ETag."""
        order = call.ensure(queries.get_order(order_id))
        return {**order_out(order), "history": [transition_out(step) for step in queries.history(order_id)]}
