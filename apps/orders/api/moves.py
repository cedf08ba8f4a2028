"""`/api/v1/orders/{id}/{confirm,pay,ship,deliver,cancel,refund}/`: moves with an optional body and `If-Match`."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.orders import services
from apps.orders.api.schemas import NoteBody, OrderOut, PayBody, RefundBody, ShipBody, order_out
from apps.orders.errors import OrderAlreadyProcessed
from apps.payments.errors import InsufficientFunds, NothingToRefund, RefundExceedsCapture, UnknownProvider
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import IllegalTransition, NotFound, VersionConflict
from rustok.operations import Criticality

_ERRORS: Final = (NotFound, VersionConflict, IllegalTransition, OrderAlreadyProcessed)


class Confirm(Endpoint):
    """pending → confirmed."""

    @operation(
        "orders.confirm",
        permission="order:confirm",
        own=True,
        criticality=Criticality.HIGH,
        body=NoteBody,
        answer=OrderOut,
        errors=_ERRORS,
        idempotent=True,
        summary=_("Confirm an order"),
    )
    def post(self, call: Call[NoteBody, None], order_id: UUID) -> dict[str, Any]:
        """The shop accepts the order."""
        note = services.Note(reason=call.body.reason)
        return order_out(
            services.confirm_order(order_id=order_id, input=note, context=call.context, expected_version=call.if_match)
        )


class Pay(Endpoint):
    """confirmed → paid."""

    @operation(
        "orders.pay",
        permission="order:pay",
        own=True,
        criticality=Criticality.CRITICAL,
        body=PayBody,
        answer=OrderOut,
        errors=(*_ERRORS, InsufficientFunds, UnknownProvider),
        idempotent=True,
        summary=_("Pay an order"),
    )
    def post(self, call: Call[PayBody, None], order_id: UUID) -> dict[str, Any]:
        """Capture the total through a provider."""
        payment = services.PayOrder(**call.body.model_dump())
        return order_out(
            services.pay_order(order_id=order_id, input=payment, context=call.context, expected_version=call.if_match)
        )


class Ship(Endpoint):
    """paid → shipped."""

    @operation(
        "orders.ship",
        permission="order:ship",
        own=True,
        criticality=Criticality.HIGH,
        body=ShipBody,
        answer=OrderOut,
        errors=_ERRORS,
        idempotent=True,
        summary=_("Ship an order"),
    )
    def post(self, call: Call[ShipBody, None], order_id: UUID) -> dict[str, Any]:
        """The goods leave the shelf."""
        shipment = services.ShipOrder(**call.body.model_dump())
        return order_out(
            services.ship_order(order_id=order_id, input=shipment, context=call.context, expected_version=call.if_match)
        )


class Deliver(Endpoint):
    """shipped → delivered."""

    @operation(
        "orders.deliver",
        permission="order:deliver",
        own=True,
        criticality=Criticality.HIGH,
        body=NoteBody,
        answer=OrderOut,
        errors=_ERRORS,
        idempotent=True,
        summary=_("Mark an order as delivered"),
    )
    def post(self, call: Call[NoteBody, None], order_id: UUID) -> dict[str, Any]:
        """The goods arrived."""
        note = services.Note(reason=call.body.reason)
        return order_out(
            services.deliver_order(order_id=order_id, input=note, context=call.context, expected_version=call.if_match)
        )


class Cancel(Endpoint):
    """pending, confirmed, paid or shipped → cancelled."""

    @operation(
        "orders.cancel",
        permission="order:cancel",
        own=True,
        criticality=Criticality.HIGH,
        body=NoteBody,
        answer=OrderOut,
        errors=_ERRORS,
        idempotent=True,
        summary=_("Cancel an order"),
    )
    def post(self, call: Call[NoteBody, None], order_id: UUID) -> dict[str, Any]:
        """Free or take back the goods and refund what was paid."""
        reason = services.CancelOrder(reason=call.body.reason)
        return order_out(
            services.cancel_order(order_id=order_id, input=reason, context=call.context, expected_version=call.if_match)
        )


class Refund(Endpoint):
    """The payment shrinks, the status stays."""

    @operation(
        "orders.refund",
        permission="order:refund",
        own=True,
        criticality=Criticality.HIGH,
        body=RefundBody,
        answer=OrderOut,
        errors=(NotFound, VersionConflict, NothingToRefund, RefundExceedsCapture),
        idempotent=True,
        summary=_("Refund an order"),
    )
    def post(self, call: Call[RefundBody, None], order_id: UUID) -> dict[str, Any]:
        """Give back a part or all of the money."""
        refund = services.RefundOrder(**call.body.model_dump())
        return order_out(
            services.refund_order(order_id=order_id, input=refund, context=call.context, expected_version=call.if_match)
        )
