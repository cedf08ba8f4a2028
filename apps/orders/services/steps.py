"""What all moves have in common: lock, check the version, then write order, history, event and audit together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.orders.events import OrderFact
from apps.orders.metrics import count_step
from apps.orders.models import Order, OrderTransition
from apps.orders.services.inputs import Note, checked_text
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work
from rustok.errors.families import NotFound, VersionConflict
from rustok.policy import ResourceGuard, enter, require


@dataclass(frozen=True, slots=True)
class Step:
    """One move under way: the order is locked, and `order` changes in memory until `finish` writes it."""

    action: str
    order: Order
    source: str
    at: datetime
    reason: str
    actor: str

    def fact(self) -> dict[str, Any]:
        """The members that every event about this move has."""
        order = self.order
        return {"order_id": order.pk, "number": order.number, "order_version": order.version + 1, "at": self.at}

    def finish(self, fact: OrderFact) -> Order:
        """Write the order, if it is still what was locked, with its history, event and audit entry."""
        order, version = self.order, self.order.version
        order.version = version + 1
        same = Order.objects.filter(pk=order.pk, status=self.source, version=version)
        if not same.update(**{name: getattr(order, name) for name in _MOVING}):
            raise VersionConflict(resource=_("order"), current=version + 1)
        OrderTransition.objects.create(
            order=order,
            action=self.action,
            source=self.source,
            target=order.status,
            version=order.version,
            actor=self.actor,
            reason=self.reason,
            at=self.at,
        )
        uow = current_unit_of_work()
        uow.record(fact)
        details = {"number": order.number, "from": self.source, "to": order.status}
        uow.audit(AuditEntry(action=f"order:{self.action}", target=str(order.pk), reason=self.reason, details=details))
        count_step(uow, self.action)
        return order


_MOVING = (
    "status",
    "payment_status",
    "version",
    "carrier",
    "tracking",
    "confirmed_at",
    "paid_at",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
)


def begin(action: str, order_id: UUID, note: Note, context: ExecutionContext, expected_version: int | None) -> Step:
    """Check the permission `order:<action>`, lock the order, check it for this one and compare its version.

    Raises PermissionDenied, InvalidInput (the reason), NotFound, VersionConflict.
    """
    enter(context, f"order:{action}")
    if note.at is not None:
        require(context, "order:import")
    reason = checked_text(note.reason, "reason")
    order = Order.objects.select_for_update(no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NotFound(resource=_("order"))
    ResourceGuard(order, context).ensure(action)
    if expected_version is not None and order.version != expected_version:
        raise VersionConflict(resource=_("order"), current=order.version)
    at = note.at or timezone.now()
    return Step(action, order, order.status, at, reason, context.actor.reference)
