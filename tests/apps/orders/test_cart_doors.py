"""Carts over REST and in the console."""

from __future__ import annotations

import pytest

from apps.orders.models import Cart
from apps.orders.services import CreateCart, create_cart, put_line
from tests.support.commerce import make_product, stock_of
from tests.support.console import Visitor
from tests.support.rest import Integrator


@pytest.fixture
def shop(acme, context):
    make_product("TEA", on_hand=10, price=450)
    return Integrator(acme, context)


def begun(shop):
    return shop.post("carts/", {"currency": "USD"}, idempotency_key="cart").json()


def test_from_an_empty_cart_to_an_order(shop):
    cart = begun(shop)
    filled = shop.send("PUT", f"carts/{cart['id']}/lines/", {"sku": "TEA", "quantity": 2}, if_match='"1"')
    order = shop.post(f"carts/{cart['id']}/checkout/", idempotency_key="pay")
    again = shop.post(f"carts/{cart['id']}/checkout/", idempotency_key="pay")

    assert (cart["status"], filled["ETag"], order.status_code) == ("open", '"2"', 201)
    assert order.json()["total"] == {"amount": 900, "currency": "USD"}
    assert again.json() == order.json()
    assert shop.get(f"carts/{cart['id']}/").json()["order"] == order.json()["id"]
    assert stock_of("TEA") == (10, 2)


def test_a_line_is_taken_out(shop):
    cart = begun(shop)
    line = shop.send("PUT", f"carts/{cart['id']}/lines/", {"sku": "TEA", "quantity": 2}).json()["lines"][0]

    assert shop.send("DELETE", f"carts/{cart['id']}/lines/{line['id']}/").json()["lines"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("POST", "checkout/", None, 409, "EmptyCart"),
        ("PUT", "lines/", {"sku": "NONE", "quantity": 1}, 422, "InvalidProduct"),
        ("PUT", "lines/", {"sku": "TEA", "quantity": 0}, 400, "InvalidInput"),
        ("DELETE", "lines/018f0000-0000-7000-8000-000000000001/", None, 404, "NotFound"),
    ],
)
def test_refusals(shop, method, path, body, status, name):
    answer = shop.send(method, f"carts/{begun(shop)['id']}/{path}", body)

    assert (answer.status_code, answer.json()["name"]) == (status, name)


def test_a_stale_version_and_an_expired_cart(shop):
    cart = begun(shop)
    path = f"carts/{cart['id']}/lines/"
    assert shop.send("PUT", path, {"sku": "TEA", "quantity": 1}, if_match='"9"').status_code == 412

    Cart.objects.update(status="expired")
    assert shop.send("PUT", path, {"sku": "TEA", "quantity": 1}).status_code == 410


def test_every_operation_asks_for_its_permission(shop, acme, context):
    cart = begun(shop)
    stranger = Integrator(acme, context, ["order:read"])

    answers = [
        stranger.post("carts/", {"currency": "USD"}),
        stranger.get(f"carts/{cart['id']}/"),
        stranger.send("PUT", f"carts/{cart['id']}/lines/", {"sku": "TEA", "quantity": 1}),
        stranger.post(f"carts/{cart['id']}/checkout/"),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_the_console_lists_carts(acme, context):
    make_product("TEA", on_hand=10)
    cart = create_cart(input=CreateCart(currency="USD"), context=context)
    put_line(cart_id=cart.pk, sku="TEA", quantity=2, context=context)
    viewer = Visitor("viewer", acme)

    assert "2 × TEA" in viewer.list("orders_cart").content.decode()
    assert "2 × TEA" in viewer.page("orders_cart", cart).content.decode()
