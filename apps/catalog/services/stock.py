"""Counting and correcting what lies on the shelf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import StockBelowReserved, StockTooLarge
from apps.catalog.events import StockChanged, StockLow
from apps.catalog.models import MAIN_LOCATION, MovementKind, StockLevel, StockMovement, Variant
from apps.catalog.services.inputs import MAX_STOCK, checked_quantity
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work, transactional
from rustok.errors.families import NotFound
from rustok.policy import require
from rustok.telemetry import traced
from rustok.text import clean


@traced("catalog.set_stock")
@transactional
def set_stock(
    *,
    sku: str,
    on_hand: int,
    context: ExecutionContext,
    location: str = MAIN_LOCATION,
    low_stock_threshold: int | None = None,
    reason: str = "",
) -> StockLevel:
    """Set the counted quantity, and maybe the low-stock threshold. Needs `stock:update`.

    Raises NotFound (unknown SKU), InvalidInput, StockBelowReserved (open orders are promised more than that).
    """
    checked_quantity(on_hand, "on_hand")
    if low_stock_threshold is not None:
        checked_quantity(low_stock_threshold, "low_stock_threshold")
    change = _Change(MovementKind.SET, lambda _old: on_hand, low_stock_threshold, reason)
    return _change(sku, location, change, context)


@traced("catalog.adjust_stock")
@transactional
def adjust_stock(
    *, sku: str, delta: int, context: ExecutionContext, location: str = MAIN_LOCATION, reason: str = ""
) -> StockLevel:
    """Add (a delivery) or take away (breakage, theft) a quantity. Needs `stock:update`.

    Raises NotFound, InvalidInput, StockBelowReserved.
    """
    checked_quantity(delta, "delta", least=-MAX_STOCK)
    return _change(sku, location, _Change(MovementKind.ADJUST, lambda old: old + delta, None, reason), context)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to happen to a level: `rule` makes the new quantity on hand from the old one."""

    kind: MovementKind
    rule: Callable[[int], int]
    threshold: int | None
    reason: str


def _change(sku: str, location: str, change: _Change, context: ExecutionContext) -> StockLevel:
    require(context, "stock:update")
    reason = clean(change.reason, field="reason", longest=255, required=False)
    level = _locked_level(sku, clean(location, field="location", longest=32))
    before, was_available = level.on_hand, level.available
    level.on_hand = change.rule(before)
    if level.on_hand < level.reserved:
        raise StockBelowReserved(sku=sku, reserved=level.reserved, on_hand=level.on_hand)
    if level.on_hand > MAX_STOCK:
        raise StockTooLarge(sku=sku, most=MAX_STOCK)
    was_low = was_available <= level.low_stock_threshold
    if change.threshold is not None:
        level.low_stock_threshold = change.threshold
    level.updated_at = timezone.now()
    level.save(update_fields=["on_hand", "low_stock_threshold", "updated_at"])
    if level.on_hand != before:
        movement = StockMovement(
            level=level,
            kind=change.kind.value,
            delta=level.on_hand - before,
            on_hand=level.on_hand,
            actor=context.actor.reference,
            reason=reason,
            at=level.updated_at,
        )
        _publish(movement, sku)
    if not was_low and level.available <= level.low_stock_threshold:
        current_unit_of_work().record(_low_stock(level, sku))
    return level


def _locked_level(sku: str, location: str) -> StockLevel:
    """The level under a lock; a new location starts with nothing."""
    levels = StockLevel.objects.select_for_update(no_key=True, of=("self",)).filter(variant__sku=sku, location=location)
    level = levels.first()
    if level is not None:
        return level
    variant = Variant.objects.select_for_update(no_key=True).filter(sku=sku).first()
    if variant is None:
        raise NotFound(resource=_("SKU"))
    StockLevel.objects.get_or_create(variant=variant, location=location, defaults={"updated_at": timezone.now()})
    return levels.get()


def _publish(movement: StockMovement, sku: str) -> None:
    movement.save(force_insert=True)
    level = movement.level
    uow = current_unit_of_work()
    uow.record(
        StockChanged(
            level_id=level.pk,
            sku=sku,
            location=level.location,
            kind=movement.kind,
            delta=movement.delta,
            on_hand=level.on_hand,
            reserved=level.reserved,
        )
    )
    details = {"sku": sku, "location": level.location, "delta": movement.delta, "on_hand": level.on_hand}
    uow.audit(
        AuditEntry(action=f"stock:{movement.kind}", target=str(level.pk), reason=movement.reason, details=details)
    )


def _low_stock(level: StockLevel, sku: str) -> StockLow:
    """The warning about a level."""
    return StockLow(
        level_id=level.pk,
        sku=sku,
        location=level.location,
        available=level.available,
        threshold=level.low_stock_threshold,
    )
