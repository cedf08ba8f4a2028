"""The moves of an order's life. Each locks the order first and looks at the edge afterwards (trap 26)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from apps.catalog.services import commit_reservation, release, restock
from apps.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
)
from apps.orders.models import Order, PaymentState
from apps.orders.services.inputs import (
    CancelOrder,
    Note,
    PayOrder,
    RefundOrder,
    ShipOrder,
    checked_amount,
    checked_text,
)
from apps.orders.services.steps import begin
from apps.orders.states import CANCELLED, CONFIRMED, DELIVERED, PAID, SHIPPED
from apps.payments import services as payments
from rustok.context import ExecutionContext
from rustok.db.transactions import transactional
from rustok.telemetry import traced

_NOTE: Final = Note()
_PAY: Final = PayOrder()
_SHIP: Final = ShipOrder()
_CANCEL: Final = CancelOrder()
_REFUND: Final = RefundOrder()


@traced("orders.confirm_order")
@transactional
def confirm_order(
    *, order_id: UUID, context: ExecutionContext, input: Note = _NOTE, expected_version: int | None = None
) -> Order:
    """The shop accepts the order. Needs `order:confirm`.

    Every move raises NotFound, VersionConflict (another version than the expected one), OrderAlreadyProcessed,
    IllegalTransition and InvalidInput, and returns the order as it is then, with `loaded_lines`.
    """
    step = begin("confirm", order_id, input, context, expected_version)
    step.order.move(CONFIRMED, at=step.at)
    return step.finish(OrderConfirmed(**step.fact()))


@traced("orders.pay_order")
@transactional
def pay_order(
    *, order_id: UUID, context: ExecutionContext, input: PayOrder = _PAY, expected_version: int | None = None
) -> Order:
    """The buyer pays the whole total. Needs `order:pay`. Raises InsufficientFunds, UnknownProvider."""
    tendered = checked_amount(input.amount, least=0)
    reference = checked_text(input.reference, "reference", 128)
    step = begin("pay", order_id, input, context, expected_version)
    order = step.order
    order.move(PAID, at=step.at)
    payment = payments.capture(
        order_id=order.pk,
        due=order.money,
        at=step.at,
        tendered=tendered,
        provider=input.provider,
        reference=reference,
    )
    order.payment_status = PaymentState.PAID
    return step.finish(
        OrderPaid(**step.fact(), payment_id=payment.pk, amount=payment.captured, currency=order.currency)
    )


@traced("orders.ship_order")
@transactional
def ship_order(
    *, order_id: UUID, context: ExecutionContext, input: ShipOrder = _SHIP, expected_version: int | None = None
) -> Order:
    """The goods leave: what was reserved is taken off the shelf. Needs `order:ship`."""
    carrier, tracking = checked_text(input.carrier, "carrier", 64), checked_text(input.tracking, "tracking", 128)
    step = begin("ship", order_id, input, context, expected_version)
    step.order.move(SHIPPED, at=step.at)
    step.order.carrier, step.order.tracking = carrier, tracking
    commit_reservation(reference=order_id, context=context, at=step.at)
    return step.finish(OrderShipped(**step.fact(), carrier=carrier, tracking=tracking))


@traced("orders.deliver_order")
@transactional
def deliver_order(
    *, order_id: UUID, context: ExecutionContext, input: Note = _NOTE, expected_version: int | None = None
) -> Order:
    """The goods arrived. Needs `order:deliver`."""
    step = begin("deliver", order_id, input, context, expected_version)
    step.order.move(DELIVERED, at=step.at)
    return step.finish(OrderDelivered(**step.fact()))


@traced("orders.cancel_order")
@transactional
def cancel_order(
    *, order_id: UUID, context: ExecutionContext, input: CancelOrder = _CANCEL, expected_version: int | None = None
) -> Order:
    """End the order early: free its stock (or take shipped goods back) and refund what was paid.

    Needs `order:cancel`.
    """
    step = begin("cancel", order_id, input, context, expected_version)
    order = step.order
    order.move(CANCELLED, at=step.at)
    back = restock if step.source == SHIPPED else release
    back(reference=order_id, context=context, at=step.at)
    refunded = payments.refund_rest(order_id=order_id, context=context, at=step.at, reason=step.reason)
    if order.paid_at is not None:
        order.payment_status = PaymentState.REFUNDED
    return step.finish(
        OrderCancelled(
            **step.fact(), previous=step.source, reason=step.reason, refunded=refunded, currency=order.currency
        )
    )


@traced("orders.refund_order")
@transactional
def refund_order(
    *, order_id: UUID, context: ExecutionContext, input: RefundOrder = _REFUND, expected_version: int | None = None
) -> Order:
    """Give money back, in part or all; the order's status stays. Needs `order:refund`.

    Raises NothingToRefund, RefundExceedsCapture.
    """
    amount = checked_amount(input.amount, least=1)
    reference = checked_text(input.reference, "reference", 128)
    step = begin("refund", order_id, input, context, expected_version)
    refund = payments.refund(
        order_id=order_id, amount=amount, context=context, at=step.at, reason=step.reason, reference=reference
    )
    step.order.payment_status = PaymentState(refund.payment.status)
    return step.finish(
        OrderRefunded(
            **step.fact(),
            amount=refund.amount,
            remaining=refund.payment.remaining,
            currency=step.order.currency,
            reason=step.reason,
        )
    )
