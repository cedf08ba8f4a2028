"""Payments over REST: to read."""

from __future__ import annotations

import pytest

from apps.payments.models import Payment
from apps.tenants.isolation import tenant_scope
from tests.support.commerce import make_order
from tests.support.rest import Integrator


@pytest.fixture
def paid_order(context):
    return make_order("paid")


def test_list_and_retrieve(acme, context, paid_order):
    shop = Integrator(acme, context)

    [payment] = shop.get(f"payments/?order={paid_order.pk}").json()["results"]

    assert (payment["captured"], payment["status"]) == ({"amount": 900, "currency": "USD"}, "captured")
    assert shop.get(f"payments/{payment['id']}/").json() == payment
    assert shop.get("payments/?status=refunded").json()["results"] == []


def test_nothing_is_written_here(acme, context, paid_order):
    answer = Integrator(acme, context).post("payments/", {})

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_mallory_may_not(acme, context, paid_order):
    mallory = Integrator(acme, context, ["order:read"])

    assert (
        mallory.get("payments/").status_code == mallory.get(f"payments/{Payment.objects.get().pk}/").status_code == 403
    )


def test_a_payment_of_another_tenant_does_not_exist(globex, paid_order):
    payment = Payment.objects.get()
    with tenant_scope(globex) as there:
        neighbour = Integrator(globex, there)

    assert neighbour.get(f"payments/{payment.pk}/").status_code == 404
    assert neighbour.get("payments/").json()["results"] == []
