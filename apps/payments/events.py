"""Facts about money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured(DomainEvent):
    """Money was taken for an order, in minor units."""

    type: ClassVar[str] = "payments.payment_captured"
    aggregate: ClassVar[str] = "payment"
    key: ClassVar[str] = "payment_id"

    payment_id: UUID
    order_id: UUID
    provider: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(DomainEvent):
    """Money went back; `remaining` is what is left of the capture, in minor units."""

    type: ClassVar[str] = "payments.payment_refunded"
    aggregate: ClassVar[str] = "payment"
    key: ClassVar[str] = "payment_id"

    payment_id: UUID
    order_id: UUID
    refund_id: UUID
    amount: int
    remaining: int
    currency: str
