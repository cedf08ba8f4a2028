"""`/api/v1/carts/`."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import InsufficientInventory, InvalidProduct, ReservationExpired
from apps.orders import queries, services
from apps.orders.api.cart_schemas import CartOut, CreateCartBody, PutLineBody, cart_out
from apps.orders.api.schemas import OrderOut, order_out
from apps.orders.errors import CartClosed, CartExpired, EmptyCart, OrderTooLarge
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import NotFound, VersionConflict
from rustok.money import InvalidMoney
from rustok.operations import Criticality

_CHANGING: Final = (NotFound, VersionConflict, CartExpired, CartClosed)


class CartCollection(Endpoint):
    """All carts."""

    @operation(
        "carts.create",
        permission="cart:create",
        own=True,
        criticality=Criticality.HIGH,
        body=CreateCartBody,
        answer=CartOut,
        status=201,
        errors=(InvalidMoney,),
        idempotent=True,
        summary=_("Begin a cart"),
        example={"currency": "USD"},
    )
    def post(self, call: Call[CreateCartBody, None]) -> dict[str, Any]:
        """An empty cart; it ends by itself when nobody changes it for a while."""
        given = services.CreateCart(currency=call.body.currency, customer_id=call.body.customer)
        return cart_out(services.create_cart(input=given, context=call.context))


class CartDetail(Endpoint):
    """One cart."""

    @operation(
        "carts.retrieve",
        permission="cart:read",
        own=True,
        criticality=Criticality.NORMAL,
        answer=CartOut,
        errors=(NotFound,),
        summary=_("Retrieve a cart"),
    )
    def get(self, call: Call[None, None], cart_id: UUID) -> dict[str, Any]:
        """The cart with its lines, its version as ETag."""
        return cart_out(call.ensure(queries.get_cart(cart_id)))


class CartLines(Endpoint):
    """The lines of a cart."""

    @operation(
        "carts.put_line",
        permission="cart:update",
        own=True,
        criticality=Criticality.HIGH,
        body=PutLineBody,
        answer=CartOut,
        errors=(*_CHANGING, InvalidProduct, InsufficientInventory),
        summary=_("Put a SKU into a cart"),
        example={"sku": "TEA-1", "quantity": 2},
    )
    def put(self, call: Call[PutLineBody, None], cart_id: UUID) -> dict[str, Any]:
        """Set the quantity of a SKU; safe to repeat. The cart lives longer again, and so does what it holds."""
        cart = services.put_line(
            cart_id=cart_id, **call.body.model_dump(), context=call.context, expected_version=call.if_match
        )
        return cart_out(cart)


class CartLineDetail(Endpoint):
    """One line of a cart."""

    @operation(
        "carts.remove_line",
        permission="cart:update",
        own=True,
        criticality=Criticality.HIGH,
        answer=CartOut,
        errors=_CHANGING,
        summary=_("Take a line out of a cart"),
    )
    def delete(self, call: Call[None, None], cart_id: UUID, line_id: UUID) -> dict[str, Any]:
        """What it held goes back to the shelf."""
        cart = services.remove_line(
            cart_id=cart_id, line_id=line_id, context=call.context, expected_version=call.if_match
        )
        return cart_out(cart)


class Checkout(Endpoint):
    """From cart to order."""

    @operation(
        "carts.checkout",
        permission="cart:checkout",
        own=True,
        criticality=Criticality.CRITICAL,
        answer=OrderOut,
        status=201,
        errors=(
            *_CHANGING,
            EmptyCart,
            InvalidProduct,
            InsufficientInventory,
            ReservationExpired,
            OrderTooLarge,
        ),
        idempotent=True,
        summary=_("Check out a cart"),
    )
    def post(self, call: Call[None, None], cart_id: UUID) -> dict[str, Any]:
        """Place the order at the prices of now; all or nothing."""
        return order_out(services.check_out(cart_id=cart_id, context=call.context, expected_version=call.if_match))
