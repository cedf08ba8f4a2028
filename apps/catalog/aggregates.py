"""Products and stock as their events tell them, and as the rows do.

A stock level's own events are counts, corrections and returns; reserving and shipping are told by the orders. So the
events are compared with the ledger's lines of these kinds, and the level with the whole ledger and the reservations.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, Sum

from apps.catalog.events import PriceChanged, ProductCreated, ProductUpdated, StockChanged
from apps.catalog.models import MovementKind, Product, StockMovement
from rustok.aggregates import Aggregate, register
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """Name, status, and how often the product was written."""

    name: str
    status: str
    version: int = 1


def fold_product(state: ProductFacts | None, event: DomainEvent) -> ProductFacts | None:
    """The product after one more fact. A price is a row of its own and does not change it."""
    match event:
        case ProductCreated():
            return ProductFacts(name=event.name, status=event.status)
        case ProductUpdated() if state is not None:
            return replace(state, name=event.name, status=event.status, version=state.version + 1)
        case PriceChanged():
            return state
    return state


def stored_products(ids: Collection[UUID]) -> dict[UUID, ProductFacts]:
    """The products as the rows have them. One statement."""
    rows = Product.objects.filter(pk__in=ids).values_list("pk", "name", "status", "version")
    return {pk: ProductFacts(name=name, status=status, version=version) for pk, name, status, version in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFacts:
    """How often the quantity on hand was counted, corrected or given back, and by how much in all."""

    changes: int = 0
    delta: int = 0


def fold_stock(state: StockFacts | None, event: DomainEvent) -> StockFacts:
    """The level after one more fact; a low-stock warning changes nothing."""
    known = state or StockFacts()
    if isinstance(event, StockChanged):
        return StockFacts(changes=known.changes + 1, delta=known.delta + event.delta)
    return known


def stored_stock(ids: Collection[UUID]) -> dict[UUID, StockFacts]:
    """What the ledger says of the same. A product's first count is told by the product's own event. One statement."""
    told = ~Q(kind=MovementKind.SHIP) & ~Q(kind=MovementKind.SET, at=F("level__variant__product__created_at"))
    rows = (
        StockMovement.objects.filter(level__in=ids)
        .values_list("level")
        .annotate(changes=Count("pk", filter=told), delta=Sum("delta", filter=told))
    )
    found = {level: StockFacts(changes=changes, delta=int(delta or 0)) for level, changes, delta in rows}
    return {level: found.get(level, StockFacts()) for level in ids}


_UNBALANCED: Final = """
    SELECT s.id, s.on_hand, coalesce(m.delta, 0), s.reserved, coalesce(r.held, 0)
    FROM catalog_stocklevel s
    LEFT JOIN (SELECT level_id, sum(delta) AS delta FROM catalog_stockmovement GROUP BY 1) m ON m.level_id = s.id
    LEFT JOIN (
        SELECT level_id, sum(quantity) AS held FROM catalog_reservation WHERE status = 'held' GROUP BY 1
    ) r ON r.level_id = s.id
    WHERE s.on_hand <> coalesce(m.delta, 0) OR s.reserved <> coalesce(r.held, 0)
    ORDER BY s.id LIMIT 100
"""


def unbalanced_levels() -> list[str]:
    """Levels that are not the sum of their ledger, or not of their held reservations. One statement over both."""
    with connection.cursor() as cursor:
        cursor.execute(_UNBALANCED)
        return [
            f"stock-{level}: on hand {on_hand}, the ledger says {delta}; reserved {reserved}, reservations say {held}"
            for level, on_hand, delta, reserved, held in cursor.fetchall()
        ]


register(
    Aggregate(name="product", state=ProductFacts, fold=fold_product, stored=stored_products, table="catalog_product")
)
register(Aggregate(name="stock", state=StockFacts, fold=fold_stock, stored=stored_stock, also=unbalanced_levels))
