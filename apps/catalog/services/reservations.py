"""Promising stock, and keeping or taking back the promise: building blocks of whoever sells.

All items of a basket are reserved in ONE statement: it locks their stock levels in the order of the ids (two baskets
cannot deadlock), adds to `reserved` where enough is free, writes the reservations, and says per item what there was.
The condition reads `locked`, the row as it is under the lock: the statement's own snapshot may be older. Checking first
and reserving afterwards would oversell (trap 25); the constraint `stock_not_oversold` stands behind it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connections
from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import InsufficientInventory
from apps.catalog.events import StockChanged, StockLow
from apps.catalog.models import MAIN_LOCATION, MovementKind, ReservationStatus
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.db.transactions import current_unit_of_work, transaction_required
from rustok.errors.base import FieldError
from rustok.telemetry import traced

_RESERVE: Final = """
WITH wanted AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS w (reservation_id, variant_id, quantity)
), locked AS (
    SELECT s.id, s.variant_id, s.on_hand - s.reserved AS available, w.reservation_id, w.quantity
    FROM catalog_stocklevel s JOIN wanted w USING (variant_id)
    WHERE s.location = %s
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
), taken AS (
    UPDATE catalog_stocklevel s SET reserved = s.reserved + l.quantity, updated_at = %s
    FROM locked l
    WHERE s.id = l.id AND l.available >= l.quantity
    RETURNING s.id, s.low_stock_threshold
), promised AS (
    INSERT INTO catalog_reservation (id, level_id, reference, quantity, status, expires_at, created_at)
    SELECT l.reservation_id, l.id, %s, l.quantity, 'held', %s, %s FROM locked l JOIN taken t USING (id)
)
SELECT l.variant_id, l.id, l.available, t.low_stock_threshold FROM locked l LEFT JOIN taken t USING (id)
"""

_CLAIM: Final = """
SELECT r.id, r.level_id, r.quantity FROM catalog_reservation r
WHERE r.reference = %s AND r.status = %s ORDER BY r.level_id FOR UPDATE
"""

_CLOSE: Final = """
WITH given AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[])
        AS g (reservation_id, level_id, quantity, movement_id)
), locked AS (
    SELECT s.id FROM catalog_stocklevel s JOIN given g ON g.level_id = s.id ORDER BY s.id FOR NO KEY UPDATE OF s
), changed AS (
    UPDATE catalog_stocklevel s
    SET on_hand = s.on_hand + %s * g.quantity, reserved = s.reserved + %s * g.quantity, updated_at = %s
    FROM given g JOIN locked l ON l.id = g.level_id
    WHERE s.id = g.level_id
    RETURNING s.id, s.variant_id, s.location, s.on_hand, s.reserved, g.quantity, g.movement_id
), ledger AS (
    INSERT INTO catalog_stockmovement (id, level_id, kind, delta, on_hand, reference, actor, reason, at)
    SELECT c.movement_id, c.id, %s, %s * c.quantity, c.on_hand, %s, %s, '', %s FROM changed c WHERE %s <> 0
), closed AS (
    UPDATE catalog_reservation r SET status = %s, closed_at = %s FROM given g WHERE r.id = g.reservation_id
)
SELECT c.id, v.sku, c.location, c.quantity, c.on_hand, c.reserved
FROM changed c JOIN catalog_variant v ON v.id = c.variant_id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of which variant; the SKU is for messages."""

    variant_id: UUID
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an ending reservation does: the new status, the signs of its quantity on the level, the ledger's word."""

    source: ReservationStatus
    status: ReservationStatus
    on_hand: int
    reserved: int
    kind: MovementKind


_COMMIT: Final = _Outcome(ReservationStatus.HELD, ReservationStatus.COMMITTED, -1, -1, MovementKind.SHIP)
_RELEASE: Final = _Outcome(ReservationStatus.HELD, ReservationStatus.RELEASED, 0, -1, MovementKind.ADJUST)
_RESTOCK: Final = _Outcome(ReservationStatus.COMMITTED, ReservationStatus.RETURNED, 1, 0, MovementKind.RETURN)


@traced("catalog.reserve")
@transaction_required
def reserve(
    *,
    reference: UUID,
    wanted: Iterable[Wanted],
    at: datetime,
    location: str = MAIN_LOCATION,
    expires_at: datetime | None = None,
) -> None:
    """Promise all of it to `reference`, or nothing. The same variant twice counts as the sum. One statement.

    Raises InsufficientInventory; records StockLow for a level that falls to its threshold.
    """
    items = merged(wanted)
    ids = [new_id() for _item in items]
    parameters = [ids, list(items), [item.quantity for item in items.values()], location, at, reference, expires_at, at]
    found = {row[0]: row[1:] for row in run_sql(_RESERVE, parameters)}
    short = [
        (item, found[variant_id][1] if variant_id in found else 0)
        for variant_id, item in items.items()
        if variant_id not in found or found[variant_id][2] is None
    ]
    if short:
        raise _insufficient(short)
    _warn_of_low_stock(items, found, location)


@traced("catalog.commit_reservation")
@transaction_required
def commit_reservation(*, reference: UUID, context: ExecutionContext, at: datetime) -> int:
    """The goods leave: take what is held for `reference` off the shelf. Returns the number of levels touched."""
    return len(_close(_COMMIT, reference, context, at))


@traced("catalog.release")
@transaction_required
def release(*, reference: UUID, context: ExecutionContext, at: datetime) -> int:
    """Let go of what is held for `reference`. Returns the number of levels touched."""
    return len(_close(_RELEASE, reference, context, at))


@traced("catalog.restock")
@transaction_required
def restock(*, reference: UUID, context: ExecutionContext, at: datetime) -> int:
    """The shipped goods came back: put them on the shelf again. Returns the number of levels touched."""
    back = _close(_RESTOCK, reference, context, at)
    uow = current_unit_of_work()
    for level_id, sku, location, quantity, on_hand, reserved in back:
        uow.record(
            StockChanged(
                level_id=level_id,
                sku=sku,
                location=location,
                kind=MovementKind.RETURN.value,
                delta=quantity,
                on_hand=on_hand,
                reserved=reserved,
            )
        )
    return len(back)


def merged(wanted: Iterable[Wanted]) -> dict[UUID, Wanted]:
    """One entry per variant, with the sum."""
    found: dict[UUID, Wanted] = {}
    for item in wanted:
        known = found.get(item.variant_id)
        total = item.quantity + (known.quantity if known else 0)
        found[item.variant_id] = Wanted(item.variant_id, item.sku, total)
    return found


def _insufficient(short: Sequence[tuple[Wanted, int]]) -> InsufficientInventory:
    text = _("%(sku)s: %(wanted)s wanted, %(available)s available.")
    facts: list[dict[str, Any]] = [
        {"sku": item.sku, "wanted": item.quantity, "available": available} for item, available in short
    ]
    errors = [FieldError("/lines", "insufficient_inventory", text % fact) for fact in facts]
    return InsufficientInventory(errors=errors, **facts[0])


def _warn_of_low_stock(items: Mapping[UUID, Wanted], found: Mapping[UUID, Sequence[Any]], location: str) -> None:
    uow = current_unit_of_work()
    for variant_id, (level_id, available, threshold) in found.items():
        left = available - items[variant_id].quantity
        if left <= threshold < available:
            sku = items[variant_id].sku
            low = StockLow(level_id=level_id, sku=sku, location=location, available=left, threshold=threshold)
            uow.record(low)


def _close(outcome: _Outcome, reference: UUID, context: ExecutionContext, at: datetime) -> list[tuple[Any, ...]]:
    claimed = run_sql(_CLAIM, [reference, outcome.source.value])
    if not claimed:
        return []
    reservation_ids, level_ids, quantities = (list(column) for column in zip(*claimed, strict=True))
    movement_ids = [new_id() for _row in claimed]
    sign = outcome.on_hand
    parameters = [
        *(reservation_ids, level_ids, quantities, movement_ids),
        *(sign, outcome.reserved, at),
        *(outcome.kind.value, sign, reference, context.actor.reference, at, sign),
        *(outcome.status.value, at),
    ]
    return run_sql(_CLOSE, parameters)


def run_sql(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement in the open unit of work."""
    with connections[current_unit_of_work().using].cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
