"""A customer at every door that own rows open: what is her own works, what is others' is neither seen nor touched."""

from __future__ import annotations

import pytest

from apps.customers.services import UpdateCustomer, update_customer
from apps.payments.api.views import PaymentCollection
from apps.security.models import ApiKey
from apps.security.roles import permissions_of
from rustok.context import current
from rustok.db.ids import new_id
from tests.support.commerce import make_customer, make_order, make_product
from tests.support.rest import Integrator


@pytest.fixture
def shop(acme, context):
    """Ann with a credential of the role `customer`, her rows, and somebody else's."""

    class Shop:
        ann = Integrator(acme, context, sorted(permissions_of("customer")))
        staff = Integrator(acme, context)
        product = make_product("TEA")
        me = make_customer("Ann")
        other = make_customer("Bob")

    key = ApiKey.objects.order_by("id").first()
    update_customer(customer_id=Shop.me.pk, input=UpdateCustomer(account=f"api_key:{key.pk}"), context=current())
    Shop.mine = make_order(customer_id=Shop.me.pk)
    Shop.theirs = make_order(customer_id=Shop.other.pk)
    return Shop


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_lists_hold_what_is_her_own(shop):
    assert ids(shop.ann.get("orders/")) == [str(shop.mine.pk)]
    assert ids(shop.ann.get("customers/")) == [str(shop.me.pk)]
    assert len(ids(shop.staff.get("orders/"))) == 2
    assert len(ids(shop.ann.get("products/"))) > 0


def test_the_filter_of_a_list_does_not_reach_beyond(shop):
    assert ids(shop.ann.get(f"orders/?customer={shop.other.pk}")) == []


DOORS = [
    ("GET", "orders/{order}/", None), ("POST", "orders/{order}/cancel/", {"reason": "x"}),
    ("GET", "customers/{customer}/", None), ("PATCH", "customers/{customer}/", {"name": "Ann B."}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), DOORS, ids=lambda value: str(value)[:30])
def test_a_row_opens_to_its_owner_only(shop, method, path, body):
    mine, theirs = (
        shop.ann.send(method, path.format(order=order.pk, customer=customer.pk), body)
        for order, customer in ((shop.mine, shop.me), (shop.theirs, shop.other))
    )

    assert mine.status_code == 200, mine.content
    assert (theirs.status_code, theirs.json()["errors"][0]["code"]) == (403, "not_own")


CLOSED = ["confirm", "pay", "ship", "deliver", "refund"]


@pytest.mark.parametrize("move", CLOSED)
def test_moves_of_the_shop_stay_the_shops(shop, move):
    body = {"amount": 1} if move == "refund" else {}
    assert shop.ann.post(f"orders/{shop.mine.pk}/{move}/", body).status_code == 403


def test_she_orders_for_herself_and_for_nobody_else(shop):
    basket = {"currency": "USD", "lines": [{"sku": "TEA", "quantity": 1}]}
    answers = [
        shop.ann.post("orders/", basket | extra, idempotency_key=f"k{number}").status_code
        for number, extra in enumerate([{"customer": str(shop.me.pk)}, {"customer": str(shop.other.pk)}, {}])
    ]

    assert answers == [201, 403, 403]


@pytest.mark.parametrize("path", ["orders/", "carts/"])
def test_a_customer_that_nobody_knows_is_refused_as_somebody_else_is(shop, path):
    basket = {"currency": "USD"} | ({"lines": [{"sku": "TEA", "quantity": 1}]} if path == "orders/" else {})
    theirs, nobodys = (
        shop.ann.post(path, basket | {"customer": str(customer)}) for customer in (shop.other.pk, new_id())
    )

    assert (nobodys.status_code, nobodys.json()["errors"]) == (403, theirs.json()["errors"])


def test_her_cart_from_the_first_line_to_the_order(shop):
    cart = shop.ann.post("carts/", {"currency": "USD", "customer": str(shop.me.pk)}).json()["id"]
    line = shop.ann.send("PUT", f"carts/{cart}/lines/", {"sku": "TEA", "quantity": 1})
    order = shop.ann.post(f"carts/{cart}/checkout/")

    assert (line.status_code, order.status_code) == (200, 201)
    assert shop.ann.post("carts/", {"currency": "USD"}).status_code == 403


def test_the_cart_of_another_is_closed_at_every_door(shop):
    cart = shop.staff.post("carts/", {"currency": "USD", "customer": str(shop.other.pk)}).json()["id"]
    answers = [
        shop.ann.get(f"carts/{cart}/"),
        shop.ann.send("PUT", f"carts/{cart}/lines/", {"sku": "TEA", "quantity": 1}),
        shop.ann.post(f"carts/{cart}/checkout/"),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_she_cannot_hand_her_account_to_somebody_else_or_take_another(shop):
    answer = shop.ann.send("PATCH", f"customers/{shop.me.pk}/", {"account": ""})
    taken = shop.staff.send(
        "PATCH", f"customers/{shop.other.pk}/", {"account": shop.ann.get(f"customers/{shop.me.pk}/").json()["account"]}
    )

    assert (answer.status_code, taken.status_code) == (403, 409)


def test_payments_follow_their_order(shop):
    for order in (shop.mine, shop.theirs):
        shop.staff.post(f"orders/{order.pk}/confirm/", {})
        assert shop.staff.post(f"orders/{order.pk}/pay/", {}).status_code == 200

    (payment,) = shop.ann.get("payments/").json()["results"]
    assert payment["order"] == str(shop.mine.pk)
    assert len(ids(shop.staff.get("payments/"))) == 2


def test_a_door_that_forgets_to_ask_about_its_rows_stays_closed_to_own_grants(shop, monkeypatch):
    """Nothing goes out that no guard was asked about, and what was written is undone."""
    monkeypatch.setattr(PaymentCollection, "get", lambda _self, _call: {"results": [], "next": None, "previous": None})
    refused = shop.ann.get("payments/")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "own_rows_only")
    assert shop.staff.get("payments/").status_code == 200
