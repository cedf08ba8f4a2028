"""What the order services are told, and the rules that hold at every door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.orders.errors import OrderTooLarge
from apps.orders.models import MAX_LINES, MAX_QUANTITY
from rustok.money import MAX_MINOR
from rustok.text import clean, refuse

LONGEST_REASON: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """So many of a SKU. `unit_price` (minor units) overrides the catalogue's; that needs `order:import`."""

    sku: str
    quantity: int
    unit_price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """A basket. `placed_at` (history) needs `order:import`; `external_id` is unique when given."""

    currency: str
    lines: Sequence[OrderItem]
    customer_id: UUID | None = None
    placed_at: datetime | None = None
    external_id: str | None = None

    @property
    def is_import(self) -> bool:
        """Whether it tells history: own prices or an own time."""
        return self.placed_at is not None or any(line.unit_price is not None for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A move that needs no more than a reason. `at` (history, by default now) needs `order:import`."""

    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder(Note):
    """How the money came. `amount` (minor units) is what the buyer offers, by default the total."""

    provider: str = "manual"
    reference: str = ""
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOrder(Note):
    """Who carries the goods, and under which number."""

    carrier: str = ""
    tracking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Note):
    """Why the order ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder(Note):
    """How much goes back (minor units); None: all that is left."""

    amount: int | None = None
    reference: str = ""


def checked_lines(lines: Sequence[OrderItem]) -> list[OrderItem]:
    """The lines with equal ones merged (SKU and price), in their order.

    Raises InvalidInput: none or too many lines, a quantity or price out of range (a bool is no number), a bad SKU text;
    OrderTooLarge: the merged quantity is out of range.
    """
    if not 1 <= len(lines) <= MAX_LINES:
        raise refuse("lines", "count", _("Between 1 and %(most)s lines.") % {"most": MAX_LINES})
    merged: dict[tuple[str, int | None], OrderItem] = {}
    for position, line in enumerate(lines):
        sku = clean(line.sku, field=f"lines/{position}/sku", longest=64)
        _check_number(line.quantity, f"lines/{position}/quantity", 1, MAX_QUANTITY)
        if line.unit_price is not None:
            _check_number(line.unit_price, f"lines/{position}/unit_price", 0, MAX_MINOR)
        known = merged.get((sku, line.unit_price))
        quantity = line.quantity + (known.quantity if known else 0)
        if quantity > MAX_QUANTITY:
            raise too_large()
        merged[(sku, line.unit_price)] = replace(line, sku=sku, quantity=quantity)
    return list(merged.values())


def checked_text(text: str, field: str, longest: int = LONGEST_REASON) -> str:
    """An optional text on one line."""
    return clean(text, field=field, longest=longest, required=False)


def checked_amount(amount: int | None, *, least: int) -> int | None:
    """An optional amount in minor units."""
    if amount is not None:
        _check_number(amount, "amount", least, MAX_MINOR)
    return amount


def too_large() -> OrderTooLarge:
    """The refusal of a basket whose lines add up to more than an order can hold."""
    return OrderTooLarge(units=MAX_QUANTITY, most=MAX_MINOR)


def _check_number(value: int, field: str, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise refuse(field, "out_of_range", _("Between %(least)s and %(most)s.") % {"least": least, "most": most})
