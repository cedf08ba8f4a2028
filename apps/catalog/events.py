"""Facts about products, prices and stock.

Reserving and shipping are told by the order's events, which carry the lines; here stand counts, corrections, returns,
reservations that ran out, and the low-stock warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCreated(DomainEvent):
    """A product entered the catalogue."""

    type: ClassVar[str] = "catalog.product_created"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product_id"

    product_id: UUID
    name: str
    status: str
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductUpdated(DomainEvent):
    """Texts, attributes or status changed; `changed` names the fields."""

    type: ClassVar[str] = "catalog.product_updated"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product_id"

    product_id: UUID
    name: str
    status: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(DomainEvent):
    """A variant costs something else now, in minor units; `previous` is null for its first price."""

    type: ClassVar[str] = "catalog.price_changed"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product_id"

    product_id: UUID
    sku: str
    currency: str
    amount: int
    previous: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChanged(DomainEvent):
    """The quantity on hand changed by a count (set), a correction (adjust) or a return."""

    type: ClassVar[str] = "catalog.stock_changed"
    aggregate: ClassVar[str] = "stock"
    key: ClassVar[str] = "level_id"

    level_id: UUID
    sku: str
    location: str
    kind: str
    delta: int
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLow(DomainEvent):
    """What is available has fallen to the threshold or below it; told once per crossing."""

    type: ClassVar[str] = "catalog.stock_low"
    aggregate: ClassVar[str] = "stock"
    key: ClassVar[str] = "level_id"

    level_id: UUID
    sku: str
    location: str
    available: int
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExpired(DomainEvent):
    """A reservation with a time limit was let go at its end; `reference` is what it was for (a cart)."""

    type: ClassVar[str] = "catalog.reservation_expired"
    aggregate: ClassVar[str] = "stock"
    key: ClassVar[str] = "level_id"

    level_id: UUID
    sku: str
    location: str
    reservation_id: UUID
    reference: UUID
    quantity: int
    expired_at: datetime
