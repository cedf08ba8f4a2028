"""Facts about orders and carts. Amounts are in minor units of `currency`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypedDict
from uuid import UUID

from rustok.events import DomainEvent


class PlacedLine(TypedDict):
    """One line of a placed order."""

    sku: str
    name: str
    quantity: int
    unit_price: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(DomainEvent):
    """What every fact about an order says. `version` of the order is `order_version`."""

    aggregate: ClassVar[str] = "order"
    key: ClassVar[str] = "order_id"

    order_id: UUID
    number: str
    order_version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(OrderFact):
    """An order was placed and its stock is reserved."""

    type: ClassVar[str] = "orders.order_placed"

    customer_id: UUID | None
    currency: str
    total: int
    lines: tuple[PlacedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderFact):
    """The shop accepted the order."""

    type: ClassVar[str] = "orders.order_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid(OrderFact):
    """The order was paid in full."""

    type: ClassVar[str] = "orders.order_paid"

    payment_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(OrderFact):
    """The goods left the shelf."""

    type: ClassVar[str] = "orders.order_shipped"

    carrier: str
    tracking: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(OrderFact):
    """The goods arrived."""

    type: ClassVar[str] = "orders.order_delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderFact):
    """The order ended early, in state `previous`; what was paid went back."""

    type: ClassVar[str] = "orders.order_cancelled"

    previous: str
    reason: str
    refunded: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(OrderFact):
    """Money went back; `remaining` is what is left of the payment."""

    type: ClassVar[str] = "orders.order_refunded"

    amount: int
    remaining: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CartFact(DomainEvent):
    """What every fact about a cart says. `flow` is when its goods are reserved: `cart` or `order`."""

    aggregate: ClassVar[str] = "cart"
    key: ClassVar[str] = "cart_id"

    cart_id: UUID
    flow: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CartCheckedOut(CartFact):
    """A cart became an order."""

    type: ClassVar[str] = "orders.cart_checked_out"

    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CartExpired(CartFact):
    """Nobody came back for the cart; `lines` is how many it had."""

    type: ClassVar[str] = "orders.cart_expired"

    lines: int
