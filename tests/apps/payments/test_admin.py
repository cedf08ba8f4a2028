"""Payments in the console: there to be read."""

from apps.orders.services import RefundOrder, refund_order
from apps.payments.models import Payment
from rustok.context import current
from tests.support.commerce import make_order
from tests.support.console import Visitor, offered


def test_a_payment_shows_its_refunds_and_offers_nothing(acme):
    order = make_order("paid")
    refund_order(order_id=order.pk, input=RefundOrder(amount=100, reason="a chip"), context=current())
    owner, payment = Visitor("owner", acme), Payment.objects.get(order_id=order.pk)

    page = owner.page("payments_payment", payment)

    assert [str(row["amount"]) for row in page.context["refunds"]] == ["1.00 USD"]
    assert offered(page) == set()
