"""The life of an order through its services: every state and every action."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from apps.events.models import Event
from apps.orders import queries
from apps.orders.errors import OrderAlreadyProcessed
from apps.orders.models import Order, OrderTransition
from apps.orders.services import (
    CancelOrder,
    Note,
    PayOrder,
    RefundOrder,
    ShipOrder,
    cancel_order,
    confirm_order,
    deliver_order,
    pay_order,
    refund_order,
    ship_order,
)
from apps.orders.states import ORDER
from apps.payments.errors import InsufficientFunds, NothingToRefund, RefundExceedsCapture, UnknownProvider
from apps.payments.models import Payment
from rustok.errors.families import IllegalTransition, InvalidInput, NotFound, PermissionDenied, VersionConflict
from tests.support.commerce import MOVES, make_order, make_product, stock_of

ACTIONS = {
    "confirm": confirm_order,
    "pay": pay_order,
    "ship": ship_order,
    "deliver": deliver_order,
    "cancel": cancel_order,
    "refund": refund_order,
}
TOO_EARLY = {
    ("pending", "paid"),
    ("pending", "shipped"),
    ("pending", "delivered"),
    ("confirmed", "shipped"),
    ("confirmed", "delivered"),
    ("paid", "delivered"),
}


def facts(order: Order) -> list[str]:
    stream = Event.objects.filter(stream=f"order-{order.pk}").order_by("version")
    return [kind.removeprefix("orders.order_") for kind in stream.values_list("type", flat=True)]


class TestMatrix:
    @pytest.mark.parametrize("target", MOVES)
    @pytest.mark.parametrize("source", ORDER.states)
    def test_every_state_and_action(self, context, source, target):
        order = make_order(source)

        if ORDER.allows(source, target):
            moved = MOVES[target](order_id=order.pk, context=context)
            assert (moved.status, moved.version) == (target, order.version + 1)
        else:
            error = IllegalTransition if (source, target) in TOO_EARLY else OrderAlreadyProcessed
            with pytest.raises(error):
                MOVES[target](order_id=order.pk, context=context)

        stored = Order.objects.get(pk=order.pk)
        assert stored.status == (target if ORDER.allows(source, target) else source)

    @pytest.mark.parametrize("source", ORDER.states)
    def test_refund_needs_captured_money(self, context, source):
        order = make_order(source)

        if order.paid_at is None:
            with pytest.raises(NothingToRefund):
                refund_order(order_id=order.pk, context=context)
        else:
            refunded = refund_order(order_id=order.pk, context=context)
            assert (refunded.status, refunded.payment_status) == (source, "refunded")


class TestEveryMove:
    @pytest.mark.parametrize("action", ACTIONS)
    def test_mallory_may_not(self, context, mallory_context, action):
        order = make_order("paid")

        with pytest.raises(PermissionDenied):
            ACTIONS[action](order_id=order.pk, context=mallory_context)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_one_grant_is_enough(self, context, action):
        order = make_order("pending")
        clerk = replace(context, permissions=frozenset({f"order:{action}"}))

        if action in {"confirm", "cancel"}:
            assert ACTIONS[action](order_id=order.pk, context=clerk).version == 2
        else:
            with pytest.raises((IllegalTransition, NothingToRefund)):
                ACTIONS[action](order_id=order.pk, context=clerk)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_an_unknown_order_is_not_found(self, context, action):
        with pytest.raises(NotFound):
            ACTIONS[action](order_id=uuid4(), context=context)

    @pytest.mark.parametrize("action", ACTIONS)
    def test_another_version_is_a_conflict(self, context, action):
        order = make_order("paid")

        with pytest.raises(VersionConflict):
            ACTIONS[action](order_id=order.pk, context=context, expected_version=order.version + 1)

    def test_the_expected_version_moves_on(self, context):
        order = make_order()

        assert confirm_order(order_id=order.pk, context=context, expected_version=1).version == 2

    @pytest.mark.parametrize("reason", ["a\x00", "x" * 256, "\u202e"])
    def test_a_reason_is_a_proper_text(self, context, reason):
        order = make_order()

        with pytest.raises(InvalidInput):
            confirm_order(order_id=order.pk, input=Note(reason=reason), context=context)

    def test_an_own_time_needs_the_import_permission(self, context):
        order = make_order()
        clerk = replace(context, permissions=frozenset({"order:confirm"}))
        past = Note(at=datetime(2017, 1, 2, tzinfo=UTC))

        with pytest.raises(PermissionDenied):
            confirm_order(order_id=order.pk, input=past, context=clerk)

        assert confirm_order(order_id=order.pk, input=past, context=context).confirmed_at == past.at


class TestStory:
    def test_history_tells_who_what_when_and_why(self, context):
        order = make_order()
        confirm_order(order_id=order.pk, input=Note(reason="in stock"), context=context)

        placed, confirmed = queries.history(order.pk)

        assert (placed.action, placed.version) == ("place", 1)
        assert (confirmed.source, confirmed.target, confirmed.reason) == ("pending", "confirmed", "in stock")
        assert confirmed.actor == context.actor.reference

    def test_every_move_is_a_fact(self, context):
        assert facts(make_order("delivered")) == ["placed", "confirmed", "paid", "shipped", "delivered"]

    def test_a_refused_move_leaves_no_trace(self, context):
        order = make_order("confirmed")

        with pytest.raises(IllegalTransition):
            ship_order(order_id=order.pk, context=context)

        assert facts(order) == ["placed", "confirmed"]
        assert OrderTransition.objects.filter(order=order).count() == 2


class TestPay:
    def test_captures_the_total(self, context):
        order = make_order("confirmed")

        paid = pay_order(order_id=order.pk, input=PayOrder(reference="till 3"), context=context)

        payment = Payment.objects.get(order_id=order.pk)
        assert (payment.captured, payment.currency, payment.provider_reference) == (order.total, "USD", "till 3")
        assert (paid.status, paid.payment_status) == ("paid", "paid")

    def test_too_little_money_is_refused(self, context):
        order = make_order("confirmed")

        with pytest.raises(InsufficientFunds) as refused:
            pay_order(order_id=order.pk, input=PayOrder(amount=order.total - 1), context=context)

        assert refused.value.context == {"needed": "9.00 USD", "available": "8.99 USD"}
        assert not Payment.objects.exists()

    def test_change_is_given(self, context):
        order = make_order("confirmed")

        pay_order(order_id=order.pk, input=PayOrder(amount=order.total + 100), context=context)

        assert Payment.objects.get().captured == order.total

    def test_an_unknown_provider_is_refused(self, context):
        order = make_order("confirmed")

        with pytest.raises(UnknownProvider):
            pay_order(order_id=order.pk, input=PayOrder(provider="wampum"), context=context)


class TestShip:
    def test_takes_the_goods_off_the_shelf(self, context):
        make_product("TEA", on_hand=10)
        order = make_order("paid", lines={"TEA": 3})

        shipped = ship_order(order_id=order.pk, input=ShipOrder(carrier="DHL", tracking="1Z"), context=context)

        assert stock_of("TEA") == (7, 0)
        assert (shipped.carrier, shipped.tracking) == ("DHL", "1Z")


class TestCancel:
    @pytest.mark.parametrize(
        ("source", "payment_status"),
        [("pending", "unpaid"), ("confirmed", "unpaid"), ("paid", "refunded"), ("shipped", "refunded")],
    )
    def test_gives_back_goods_and_money(self, context, source, payment_status):
        make_product("TEA", on_hand=10)
        order = make_order(source, lines={"TEA": 3})

        cancelled = cancel_order(order_id=order.pk, input=CancelOrder(reason="changed mind"), context=context)

        assert (cancelled.status, cancelled.payment_status) == ("cancelled", payment_status)
        assert stock_of("TEA") == (10, 0)
        assert all(payment.remaining == 0 for payment in Payment.objects.all())

    def test_refunds_only_what_is_left(self, context):
        order = make_order("paid")
        refund_order(order_id=order.pk, input=RefundOrder(amount=100), context=context)

        cancel_order(order_id=order.pk, context=context)

        event = Event.objects.get(type="orders.order_cancelled")
        assert (event.data["refunded"], event.data["previous"]) == (order.total - 100, "paid")

    def test_a_free_order_can_be_paid_and_cancelled(self, context):
        make_product("GIFT", price=0)
        order = make_order("paid", lines={"GIFT": 1})

        assert cancel_order(order_id=order.pk, context=context).payment_status == "refunded"


class TestRefund:
    def test_in_parts_until_nothing_is_left(self, context):
        order = make_order("delivered")

        part = refund_order(order_id=order.pk, input=RefundOrder(amount=1), context=context)
        rest = refund_order(order_id=order.pk, context=context)

        assert (part.payment_status, rest.payment_status) == ("partially_refunded", "refunded")
        with pytest.raises(NothingToRefund):
            refund_order(order_id=order.pk, context=context)

    def test_never_more_than_was_captured(self, context):
        order = make_order("paid")

        with pytest.raises(RefundExceedsCapture) as refused:
            refund_order(order_id=order.pk, input=RefundOrder(amount=order.total + 1), context=context)

        assert refused.value.context == {"wanted": "9.01 USD", "available": "9.00 USD"}

    @pytest.mark.parametrize("amount", [0, -1, True, 1.5, 2**60])
    def test_an_amount_is_a_positive_whole_number(self, context, amount):
        order = make_order("paid")

        with pytest.raises(InvalidInput):
            refund_order(order_id=order.pk, input=RefundOrder(amount=amount), context=context)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_a_whole_life_in_other_currencies(context, currency):
    make_product("TEA", price=1250, currency=currency, on_hand=5)
    order = make_order("shipped", lines={"TEA": 2}, currency=currency)

    refund_order(order_id=order.pk, input=RefundOrder(amount=1), context=context)

    payment = Payment.objects.get()
    assert (payment.currency, payment.captured, payment.refunded) == (currency, 2500, 1)
