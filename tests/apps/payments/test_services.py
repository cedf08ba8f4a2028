"""Captures and refunds as building blocks; the orders' tests show them at work."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.events.models import Event
from apps.payments import queries
from apps.payments.errors import NothingToRefund
from apps.payments.models import Payment, Refund
from apps.payments.services import capture, refund, refund_rest
from rustok.db.transactions import TransactionRequired, unit_of_work
from rustok.errors.families import NotFound
from rustok.money import Money


@pytest.fixture
def payment(context):
    with unit_of_work():
        return capture(order_id=uuid4(), due=Money(1000, "KWD"), at=timezone.now())


def test_a_capture_needs_a_transaction(context):
    with pytest.raises(TransactionRequired):
        capture(order_id=uuid4(), due=Money(1000, "USD"), at=timezone.now())


def test_a_refund_is_a_row_and_a_fact(context, payment):
    with unit_of_work():
        back = refund(order_id=payment.order_id, amount=250, context=context, at=timezone.now(), reason="broken")

    stored = queries.get_payment(payment.pk)
    assert (stored.refunded, stored.remaining, stored.status) == (250, 750, "partially_refunded")
    assert (back.reason, back.actor) == ("broken", context.actor.reference)
    assert Event.objects.get(type="payments.payment_refunded").data["remaining"] == 750


def test_the_rest_is_what_is_left(context, payment):
    with unit_of_work():
        refund(order_id=payment.order_id, amount=250, context=context, at=timezone.now())
        assert refund_rest(order_id=payment.order_id, context=context, at=timezone.now()) == 750
        assert refund_rest(order_id=payment.order_id, context=context, at=timezone.now()) == 0

    assert queries.get_payment(payment.pk).status == "refunded"


def test_what_was_never_paid_cannot_be_refunded(context):
    with unit_of_work(), pytest.raises(NothingToRefund), transaction.atomic():
        refund(order_id=uuid4(), amount=1, context=context, at=timezone.now())


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"refunded": F("captured") + 1}, "payment_not_overrefunded"),
        ({"refunded": -1}, "payment_refunded_not_negative"),
        ({"status": "lost"}, "payment_status"),
    ],
)
def test_the_database_refuses_impossible_payments(payment, change, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Payment.objects.update(**change)


def test_the_database_refuses_an_empty_refund(context, payment):
    with pytest.raises(IntegrityError, match="refund_amount_positive"), transaction.atomic():
        Refund.objects.create(payment=payment, amount=0, actor="a", created_at=timezone.now())


def test_payments_are_found_by_order_and_status(context, payment):
    assert list(queries.payments(order_id=payment.order_id)) == [payment]
    assert list(queries.payments(status="refunded")) == []


def test_an_unknown_payment_is_not_found(context):
    with pytest.raises(NotFound):
        queries.get_payment(uuid4())
