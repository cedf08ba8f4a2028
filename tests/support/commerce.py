"""Real rows of the shop, made by its own services: products with stock, customers, orders in any state."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from apps.catalog.models import Product, StockLevel
from apps.catalog.services import CreateProduct, NewVariant, create_product
from apps.customers.models import Customer
from apps.customers.services import CreateCustomer, create_customer
from apps.orders.models import Order
from apps.orders.services import (
    CreateOrder,
    OrderItem,
    cancel_order,
    confirm_order,
    create_order,
    deliver_order,
    pay_order,
    ship_order,
)
from rustok.context import ExecutionContext, current

_numbers = count(1)

MOVES = {
    "confirmed": confirm_order,
    "paid": pay_order,
    "shipped": ship_order,
    "delivered": deliver_order,
    "cancelled": cancel_order,
}
PATHS: dict[str, tuple[str, ...]] = {
    "pending": (),
    "confirmed": ("confirmed",),
    "paid": ("confirmed", "paid"),
    "shipped": ("confirmed", "paid", "shipped"),
    "delivered": ("confirmed", "paid", "shipped", "delivered"),
    "cancelled": ("cancelled",),
}


def make_product(
    sku: str = "", *, price: int = 450, currency: str = "USD", on_hand: int = 100, **given: Any
) -> Product:
    """An active product with one SKU, one price and stock at the main location."""
    sku = sku or f"SKU-{next(_numbers)}"
    variant = NewVariant(sku=sku, prices={currency: price}, on_hand=on_hand)
    wanted = CreateProduct(name=given.pop("name", f"Product {sku}"), variants=[variant], **given)
    return create_product(input=wanted, context=current())


def make_products(*skus: str, **given: Any) -> list[Product]:
    """One product per SKU."""
    return [make_product(sku, **given) for sku in skus]


def make_customer(name: str = "Ann Lee", **given: Any) -> Customer:
    """A customer."""
    return create_customer(input=CreateCustomer(name=name, **given), context=current())


def basket(lines: Mapping[str, int], *, currency: str = "USD", **given: Any) -> CreateOrder:
    """The input of `create_order` for these SKUs and quantities."""
    items = [OrderItem(sku=sku, quantity=quantity) for sku, quantity in lines.items()]
    return CreateOrder(currency=currency, lines=items, **given)


def make_order(
    status: str = "pending",
    *,
    lines: Mapping[str, int] | None = None,
    context: ExecutionContext | None = None,
    **given: Any,
) -> Order:
    """An order that has come as far as `status` by the ordinary moves; without lines it buys two of a new product."""
    context = context or current()
    if lines is None:
        sku = f"SKU-{next(_numbers)}"
        make_product(sku)
        lines = {sku: 2}
    order = create_order(input=basket(lines, **given), context=context)
    for step in PATHS[status]:
        order = MOVES[step](order_id=order.pk, context=context)
    return order


def stock_of(sku: str) -> tuple[int, int]:
    """On hand and reserved at the main location."""
    return StockLevel.objects.values_list("on_hand", "reserved").get(variant__sku=sku, location="main")
