"""`/api/v1/payments/`: to read. Money moves through the orders' `pay`, `cancel` and `refund`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.payments import queries
from apps.payments.models import Payment
from rustok.api import Call, Endpoint, Out, Page, PageQuery, operation, paginate
from rustok.api.money import MoneyOut
from rustok.errors.families import NotFound
from rustok.money import Money
from rustok.operations import Criticality

Status = Literal["captured", "partially_refunded", "refunded"]


class PaymentFilter(PageQuery):
    """By order and by status."""

    order: UUID | None = None
    status: Status | None = None


class RefundOut(Out):
    """Money that went back."""

    id: UUID
    amount: MoneyOut
    reference: str
    reason: str
    actor: str
    created_at: datetime


class PaymentOut(Out):
    """Money that was taken for an order."""

    id: UUID
    order: UUID
    provider: str
    reference: str
    status: Status
    captured: MoneyOut
    refunded: MoneyOut
    refunds: list[RefundOut]
    created_at: datetime


def payment_out(payment: Payment) -> dict[str, Any]:
    """The answer's shape, see PaymentOut."""
    currency = payment.currency
    return {
        "id": payment.pk,
        "order": payment.order_id,
        "provider": payment.provider,
        "reference": payment.provider_reference,
        "status": payment.status,
        "captured": Money(payment.captured, currency).as_dict(),
        "refunded": Money(payment.refunded, currency).as_dict(),
        "refunds": [
            {
                "id": refund.pk,
                "amount": Money(refund.amount, currency).as_dict(),
                "reference": refund.provider_reference,
                "reason": refund.reason,
                "actor": refund.actor,
                "created_at": refund.created_at,
            }
            for refund in payment.refunds.all()
        ],
        "created_at": payment.created_at,
    }


class PaymentCollection(Endpoint):
    """All payments."""

    @operation(
        "payments.list",
        permission="payment:read",
        own=True,
        criticality=Criticality.NORMAL,
        query=PaymentFilter,
        answer=Page[PaymentOut],
        summary=_("List payments"),
    )
    def get(self, call: Call[None, PaymentFilter]) -> dict[str, Any]:
        """Newest first, with refunds."""
        found = queries.payments(order_id=call.query.order, status=call.query.status or "")
        return paginate(found, call, to_dict=payment_out, ordering=("-id",))


class PaymentDetail(Endpoint):
    """One payment."""

    @operation(
        "payments.retrieve",
        permission="payment:read",
        own=True,
        criticality=Criticality.NORMAL,
        answer=PaymentOut,
        errors=(NotFound,),
        summary=_("Retrieve a payment"),
    )
    def get(self, call: Call[None, None], payment_id: UUID) -> dict[str, Any]:
        """The payment with its refunds."""
        return payment_out(call.ensure(queries.get_payment(payment_id)))
