"""What the orders' endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.orders.models import MAX_LINES, MAX_QUANTITY, Order, OrderTransition
from apps.orders.services import CreateOrder, OrderItem
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Moment
from rustok.api.money import Amount, Currency, MoneyOut
from rustok.money import MAX_MINOR
from rustok.text import NON_BLANK, ONE_LINE

Status = Literal["pending", "confirmed", "paid", "shipped", "delivered", "cancelled"]
PaymentStatus = Literal["unpaid", "paid", "partially_refunded", "refunded"]
Sku = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
Reason = Annotated[str, StringConstraints(max_length=255, pattern=ONE_LINE)]
Reference = Annotated[str, StringConstraints(max_length=128, pattern=ONE_LINE)]


class LineBody(Body):
    """So many of a SKU; the same SKU in several lines is added up."""

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class CreateOrderBody(Body):
    """A basket."""

    customer: UUID | None = None
    currency: Currency
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES)]

    def as_input(self) -> CreateOrder:
        """The service's form."""
        lines = [OrderItem(sku=line.sku, quantity=line.quantity) for line in self.lines]
        return CreateOrder(currency=self.currency, lines=lines, customer_id=self.customer)


class NoteBody(Body):
    """A move that needs nothing more than, maybe, a reason."""

    reason: Reason = ""


class PayBody(NoteBody):
    """How the money came. `amount` is what the buyer offers, by default the total."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = "manual"
    reference: Reference = ""
    amount: Amount | None = None


class ShipBody(NoteBody):
    """Who carries the goods, and under which number."""

    carrier: Annotated[str, StringConstraints(max_length=64, pattern=ONE_LINE)] = ""
    tracking: Reference = ""


class RefundBody(NoteBody):
    """How much goes back; by default all that is left."""

    amount: Annotated[int, Field(ge=1, le=MAX_MINOR)] | None = None
    reference: Reference = ""


class OrderFilter(PageQuery):
    """`placed_after` is inclusive, `placed_before` exclusive (RFC 3339 with a zone)."""

    status: Status | None = None
    payment_status: PaymentStatus | None = None
    customer: UUID | None = None
    number: Annotated[str, StringConstraints(max_length=20, pattern=ONE_LINE)] | None = None
    placed_after: Moment | None = None
    placed_before: Moment | None = None


class LineOut(Out):
    """A line as it was bought."""

    sku: str
    name: str
    quantity: int
    unit_price: MoneyOut
    total: MoneyOut


class OrderOut(Out):
    """An order."""

    id: UUID
    number: str
    status: Status
    payment_status: PaymentStatus
    version: int
    customer: UUID | None
    currency: str
    total: MoneyOut
    lines: list[LineOut]
    carrier: str
    tracking: str
    placed_at: datetime
    confirmed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None


class TransitionOut(Out):
    """One step of the order's life."""

    action: str
    source: str
    target: str
    version: int
    actor: str
    reason: str
    at: datetime


class OrderDetailOut(OrderOut):
    """An order with its history."""

    history: list[TransitionOut]


_PLAIN = (
    "number",
    "status",
    "payment_status",
    "version",
    "currency",
    "carrier",
    "tracking",
    "placed_at",
    "confirmed_at",
    "paid_at",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
)


def order_out(order: Order) -> dict[str, Any]:
    """The answer's shape, see OrderOut; `loaded_lines` must be there."""
    currency = order.currency
    return {
        "id": order.pk,
        "customer": order.customer_id,
        **{name: getattr(order, name) for name in _PLAIN},
        "total": {"amount": order.total, "currency": currency},
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": {"amount": line.unit_price, "currency": currency},
                "total": {"amount": line.total, "currency": currency},
            }
            for line in order.loaded_lines
        ],
    }


def transition_out(step: OrderTransition) -> dict[str, Any]:
    """The answer's shape, see TransitionOut."""
    return {name: getattr(step, name) for name in TransitionOut.model_fields}
