"""Reads of payments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.payments.models import Payment
from rustok.errors.families import NotFound


def payments(*, order_id: UUID | None = None, status: str = "") -> QuerySet[Payment]:
    """Payments with their refunds."""
    found = Payment.objects.prefetch_related("refunds")
    if order_id is not None:
        found = found.filter(order_id=order_id)
    if status:
        found = found.filter(status=status)
    return found


def get_payment(payment_id: UUID) -> Payment:
    """One payment with its refunds; raises NotFound."""
    payment = payments().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound(resource=_("payment"))
    return payment
