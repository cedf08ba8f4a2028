"""Capturing and refunding: building blocks of the order's moves, which own the permission and the transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Case, F, Value, When

from apps.payments.errors import InsufficientFunds, NothingToRefund, RefundExceedsCapture
from apps.payments.events import PaymentCaptured, PaymentRefunded
from apps.payments.models import Payment, PaymentStatus, Refund
from apps.payments.providers import get_provider
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work, transaction_required
from rustok.money import Money
from rustok.telemetry import traced

MANUAL: Final = "manual"


@traced("payments.capture")
@transaction_required
def capture(
    *,
    order_id: UUID,
    due: Money,
    at: datetime,
    tendered: int | None = None,
    provider: str = MANUAL,
    reference: str = "",
) -> Payment:
    """Take what is due for an order; `tendered` is what the buyer offers (minor units), by default exactly that.

    Raises InsufficientFunds (less was offered), UnknownProvider.
    """
    chosen = get_provider(provider)
    if tendered is not None and tendered < due.amount:
        raise InsufficientFunds(needed=str(due), available=str(Money(tendered, due.currency)))
    payment = Payment.objects.create(
        order_id=order_id,
        provider=chosen.name,
        provider_reference=chosen.capture(money=due, reference=reference),
        currency=due.currency,
        captured=due.amount,
        created_at=at,
    )
    fact = PaymentCaptured(
        payment_id=payment.pk, order_id=order_id, provider=chosen.name, amount=due.amount, currency=due.currency
    )
    current_unit_of_work().record(fact, new_stream=True)
    return payment


@traced("payments.refund")
@transaction_required
def refund(
    *,
    order_id: UUID,
    amount: int | None,
    context: ExecutionContext,
    at: datetime,
    reason: str = "",
    reference: str = "",
) -> Refund:
    """Give back `amount` (minor units; None: all that is left) of the order's payment, which the answer carries.

    The capacity is taken by a conditional UPDATE, which locks the row, before the provider moves money (trap 29).
    Raises NothingToRefund, RefundExceedsCapture.
    """
    payment = Payment.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    if payment is None or payment.remaining == 0:
        raise NothingToRefund
    wanted = payment.remaining if amount is None else amount
    _take_capacity(payment, wanted)
    money = Money(wanted, payment.currency)
    row = Refund.objects.create(
        payment=payment,
        amount=wanted,
        provider_reference=get_provider(payment.provider).refund(money=money, reference=reference),
        reason=reason,
        actor=context.actor.reference,
        created_at=at,
    )
    fact = PaymentRefunded(
        payment_id=payment.pk,
        order_id=order_id,
        refund_id=row.pk,
        amount=wanted,
        remaining=payment.remaining,
        currency=payment.currency,
    )
    current_unit_of_work().record(fact)
    return row


@traced("payments.refund_rest")
@transaction_required
def refund_rest(*, order_id: UUID, context: ExecutionContext, at: datetime, reason: str = "") -> int:
    """Give back all that is left of the order's payment; returns how much (minor units), 0 when nothing is left."""
    payment = Payment.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    if payment is None or payment.remaining == 0:
        return 0
    return refund(order_id=order_id, amount=None, context=context, at=at, reason=reason).amount


def _take_capacity(payment: Payment, wanted: int) -> None:
    full = Value(PaymentStatus.REFUNDED.value)
    part = Value(PaymentStatus.PARTIALLY_REFUNDED.value)
    fits = Payment.objects.filter(pk=payment.pk, refunded__lte=F("captured") - wanted)
    status = Case(When(captured=F("refunded") + wanted, then=full), default=part)
    if wanted <= 0 or not fits.update(refunded=F("refunded") + wanted, status=status):
        left = Money(payment.remaining, payment.currency)
        raise RefundExceedsCapture(wanted=str(Money(wanted, payment.currency)), available=str(left))
    payment.refunded += wanted
    payment.status = PaymentStatus.PARTIALLY_REFUNDED if payment.remaining else PaymentStatus.REFUNDED
