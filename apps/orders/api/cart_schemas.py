"""What the carts' endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from apps.orders.api.schemas import Sku
from apps.orders.models import MAX_QUANTITY, Cart
from rustok.api import Body, Out
from rustok.api.money import Currency


class CreateCartBody(Body):
    """An empty cart."""

    customer: UUID | None = None
    currency: Currency


class PutLineBody(Body):
    """So many of a SKU, whatever was there before."""

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class CartLineOut(Out):
    """One line."""

    id: UUID
    sku: str
    quantity: int


class CartOut(Out):
    """A cart. `flow`: when its goods are reserved. Prices are those of the day of the checkout."""

    id: UUID
    customer: UUID | None
    currency: str
    status: Literal["open", "checked_out", "expired"]
    flow: Literal["cart", "order"]
    version: int
    lines: list[CartLineOut]
    order: UUID | None
    created_at: datetime
    expires_at: datetime


def cart_out(cart: Cart) -> dict[str, Any]:
    """The answer's shape, see CartOut."""
    return {
        "id": cart.pk,
        "customer": cart.customer_id,
        "currency": cart.currency,
        "status": cart.status,
        "flow": cart.flow,
        "version": cart.version,
        "lines": [{"id": line.pk, "sku": line.sku, "quantity": line.quantity} for line in cart.loaded_lines],
        "order": cart.order_id,
        "created_at": cart.created_at,
        "expires_at": cart.expires_at,
    }
