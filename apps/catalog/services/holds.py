"""Reservations with a time limit: set, extended, handed over to an order, let go at their end.

Locks are taken in one order everywhere: what the reservation is for (a cart), the reservation, the stock level. A
reservation leaves `held` under its row lock, once, so nothing is given back twice however many sweeps run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from apps.catalog.errors import InsufficientInventory, ReservationExpired
from apps.catalog.events import HoldExpired, StockLow
from apps.catalog.models import MAIN_LOCATION
from apps.catalog.services.reservations import Wanted, merged, run_sql
from rustok.db.ids import new_id
from rustok.db.transactions import current_unit_of_work, transaction_required, transactional

BATCH: Final = 200

_HELD: Final = """
SELECT r.id, CASE r.status WHEN 'held' THEN r.quantity ELSE 0 END
FROM catalog_reservation r JOIN catalog_stocklevel s ON s.id = r.level_id
WHERE r.reference = %s AND s.variant_id = %s AND s.location = %s FOR UPDATE OF r
"""
_CHANGE: Final = """
UPDATE catalog_stocklevel SET reserved = reserved + %s, updated_at = %s
WHERE variant_id = %s AND location = %s AND on_hand - reserved >= %s
RETURNING id, on_hand - reserved, low_stock_threshold
"""
_AVAILABLE: Final = "SELECT on_hand - reserved FROM catalog_stocklevel WHERE variant_id = %s AND location = %s"
_INSERT: Final = """
INSERT INTO catalog_reservation (id, level_id, reference, quantity, status, expires_at, created_at)
VALUES (%s, %s, %s, %s, 'held', %s, %s) RETURNING id
"""
_UPDATE: Final = """
UPDATE catalog_reservation SET quantity = %s, status = 'held', expires_at = %s, closed_at = NULL
WHERE id = %s RETURNING id
"""
_LET_GO: Final = "UPDATE catalog_reservation SET status = 'released', closed_at = %s WHERE id = %s RETURNING id"
_EXTEND: Final = """
UPDATE catalog_reservation SET expires_at = %s
WHERE reference = %s AND status = 'held' AND expires_at > %s RETURNING id
"""
_TAKE_OVER: Final = """
WITH alive AS (
    SELECT r.id, s.variant_id, r.quantity FROM catalog_reservation r JOIN catalog_stocklevel s ON s.id = r.level_id
    WHERE r.reference = %s AND r.status = 'held' AND r.expires_at > %s ORDER BY r.level_id FOR UPDATE OF r
), moved AS (
    UPDATE catalog_reservation r SET reference = %s, expires_at = NULL FROM alive a WHERE r.id = a.id
)
SELECT variant_id, quantity FROM alive
"""
# Several reservations may be of one level: their sum is taken off once. A reservation that somebody is just handing
# over or extending is locked and skipped; the next sweep looks again.
_RELEASE: Final = """
WITH lapsed AS (
    SELECT r.id, r.level_id, r.reference, r.quantity, r.expires_at FROM catalog_reservation r
    WHERE r.status = 'held' AND r.expires_at <= %s AND (%s::uuid[] IS NULL OR r.reference = ANY (%s::uuid[]))
    ORDER BY r.level_id, r.id LIMIT %s FOR UPDATE SKIP LOCKED
), closed AS (
    UPDATE catalog_reservation r SET status = 'released', closed_at = %s FROM lapsed l WHERE r.id = l.id
), sums AS (
    SELECT level_id, sum(quantity) AS quantity FROM lapsed GROUP BY level_id
), locked AS (
    SELECT s.id, t.quantity FROM catalog_stocklevel s JOIN sums t ON t.level_id = s.id
    ORDER BY s.id FOR NO KEY UPDATE OF s
), freed AS (
    UPDATE catalog_stocklevel s SET reserved = s.reserved - l.quantity, updated_at = %s
    FROM locked l WHERE s.id = l.id RETURNING s.id, s.variant_id, s.location
)
SELECT l.id, l.reference, l.level_id, v.sku, f.location, l.quantity, l.expires_at
FROM lapsed l JOIN freed f ON f.id = l.level_id JOIN catalog_variant v ON v.id = f.variant_id
ORDER BY l.level_id, l.id
"""


@transaction_required
def hold(*, reference: UUID, wanted: Wanted, at: datetime, expires_at: datetime, location: str = MAIN_LOCATION) -> None:
    """Hold exactly this quantity of a variant for `reference`, whatever was held before; 0 lets go. Three statements.

    The caller holds a lock on what `reference` names. Raises InsufficientInventory and then changes nothing.
    """
    rows = run_sql(_HELD, [reference, wanted.variant_id, location])
    reservation, held = rows[0] if rows else (None, 0)
    delta = wanted.quantity - held
    changed = run_sql(_CHANGE, [delta, at, wanted.variant_id, location, max(delta, 0)])
    if not changed:
        found = run_sql(_AVAILABLE, [wanted.variant_id, location])
        available = (found[0][0] if found else 0) + held
        raise InsufficientInventory(sku=wanted.sku, wanted=wanted.quantity, available=available)
    level, left, threshold = changed[0]
    if reservation is None and wanted.quantity:
        run_sql(_INSERT, [new_id(), level, reference, wanted.quantity, expires_at, at])
    elif wanted.quantity:
        run_sql(_UPDATE, [wanted.quantity, expires_at, reservation])
    elif held:
        run_sql(_LET_GO, [at, reservation])
    if left <= threshold < left + delta:
        low = StockLow(level_id=level, sku=wanted.sku, location=location, available=left, threshold=threshold)
        current_unit_of_work().record(low)


@transaction_required
def extend(*, reference: UUID, at: datetime, expires_at: datetime) -> int:
    """Move the end of what is still held for `reference`. Returns how many reservations there are."""
    return len(run_sql(_EXTEND, [expires_at, reference, at]))


@transaction_required
def take_over(*, source: UUID, target: UUID, wanted: Iterable[Wanted], at: datetime) -> None:
    """What is held for `source` is from now on promised to `target`, without a time limit. One statement.

    Raises ReservationExpired unless exactly the wanted quantities are still held.
    """
    items = merged(wanted)
    held = dict(run_sql(_TAKE_OVER, [source, at, target]))
    for variant_id, item in items.items():
        if held.pop(variant_id, None) != item.quantity:
            raise ReservationExpired(sku=item.sku)
    if held:
        raise ReservationExpired(sku=", ".join(map(str, held)))


@transactional
def release_expired(*, at: datetime, references: Collection[UUID] | None = None, limit: int = BATCH) -> int:
    """Let go of at most `limit` reservations whose time is over (of these references, if given). One statement.

    Publishes HoldExpired for each. Safe to run twice and in parallel. Returns how many there were.
    """
    only = None if references is None else list(references)
    lapsed: list[tuple[Any, ...]] = run_sql(_RELEASE, [at, only, only, limit, at, at])
    uow = current_unit_of_work()
    for reservation_id, reference, level_id, sku, location, quantity, expires_at in lapsed:
        uow.record(
            HoldExpired(
                level_id=level_id,
                sku=sku,
                location=location,
                reservation_id=reservation_id,
                reference=reference,
                quantity=quantity,
                expired_at=expires_at,
            )
        )
    return len(lapsed)
