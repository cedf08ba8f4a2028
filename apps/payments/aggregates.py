"""A payment as its events tell it, and as its row does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from uuid import UUID

from apps.payments.events import PaymentCaptured, PaymentRefunded
from apps.payments.models import Payment, PaymentStatus
from rustok.aggregates import Aggregate, register
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """What was taken, what went back (minor units), and where that leaves the payment."""

    order_id: UUID
    provider: str
    currency: str
    captured: int
    refunded: int = 0
    status: str = PaymentStatus.CAPTURED.value


def fold(state: PaymentFacts | None, event: DomainEvent) -> PaymentFacts | None:
    """The payment after one more fact; facts that no payment tells change nothing."""
    match event:
        case PaymentCaptured():
            return PaymentFacts(
                order_id=event.order_id, provider=event.provider, currency=event.currency, captured=event.amount
            )
        case PaymentRefunded() if state is not None:
            refunded = state.refunded + event.amount
            full = refunded == state.captured
            status = PaymentStatus.REFUNDED if full else PaymentStatus.PARTIALLY_REFUNDED
            return replace(state, refunded=refunded, status=status.value)
    return state


def stored(ids: Collection[UUID]) -> dict[UUID, PaymentFacts]:
    """The payments as the rows have them. One statement."""
    names = [field.name for field in fields(PaymentFacts)]
    rows = Payment.objects.filter(pk__in=ids).values("pk", *names)
    return {row.pop("pk"): PaymentFacts(**row) for row in rows}


register(Aggregate(name="payment", state=PaymentFacts, fold=fold, stored=stored, table="payments_payment"))
