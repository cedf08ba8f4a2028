"""Carts and both ways of checking out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.catalog.errors import InsufficientInventory, InvalidProduct, ReservationExpired
from apps.catalog.models import Reservation
from apps.catalog.services import release_expired
from apps.events.models import Event
from apps.flags.services import target_in_shop
from apps.flags.targeting import Targeting
from apps.orders.errors import CartClosed, CartExpired, EmptyCart
from apps.orders.flags import NEW_CHECKOUT
from apps.orders.models import Cart, Order
from apps.orders.services import (
    CreateCart,
    cancel_order,
    check_out,
    create_cart,
    expire_carts,
    put_line,
    remove_line,
)
from apps.orders.tasks import expire_carts_everywhere
from rustok.errors.families import NotFound, PermissionDenied, VersionConflict
from tests.support.commerce import make_customer, make_product, stock_of
from tests.support.race import kinds, race


def switch(on, context):
    """Set `new-checkout-flow` for this shop; a later request sees it."""
    target_in_shop(key=NEW_CHECKOUT.key, targeting=Targeting(enabled=on), context=context)


def later(context):
    """The next request of the same person."""
    return replace(context, memo={})


def cart_of(context, flow="cart", **lines):
    switch(flow == "cart", context)
    cart = create_cart(input=CreateCart(currency="USD"), context=later(context))
    for sku, quantity in lines.items():
        cart = put_line(cart_id=cart.pk, sku=sku, quantity=quantity, context=context)
    return cart


def forget(cart):
    """As if nobody had come back for it."""
    past = timezone.now() - timedelta(seconds=1)
    Cart.objects.filter(pk=cart.pk).update(expires_at=past)
    Reservation.objects.filter(reference=cart.pk).update(expires_at=past)


@pytest.fixture(autouse=True)
def tea(request):
    if "live_acme" not in request.fixturenames:
        request.getfixturevalue("context")
        make_product("TEA", on_hand=10, price=450)


class TestFlows:
    def test_the_flag_decides_when_goods_are_reserved(self, context):
        cart_of(context, "order", TEA=3)
        assert stock_of("TEA") == (10, 0)

        cart_of(context, "cart", TEA=3)
        assert stock_of("TEA") == (10, 3)

    @pytest.mark.parametrize("flow", ["cart", "order"])
    def test_both_end_in_the_same_order(self, context, flow):
        cart = cart_of(context, flow, TEA=3)

        order = check_out(cart_id=cart.pk, context=context)

        assert (order.total, order.status) == (1350, "pending")
        assert stock_of("TEA") == (10, 3)
        assert Cart.objects.get().order_id == order.pk
        assert Event.objects.filter(type="orders.cart_checked_out").get().data["flow"] == flow

    @pytest.mark.parametrize("flow", ["cart", "order"])
    def test_a_cancelled_order_gives_everything_back(self, context, flow):
        order = check_out(cart_id=cart_of(context, flow, TEA=3).pk, context=context)

        cancel_order(order_id=order.pk, context=context)

        assert stock_of("TEA") == (10, 0)

    def test_an_open_cart_keeps_its_flow_when_the_flag_changes(self, context):
        cart = cart_of(context, "cart", TEA=3)
        switch(False, context)

        cart = put_line(cart_id=cart.pk, sku="TEA", quantity=5, context=later(context))

        assert (cart.flow, stock_of("TEA")) == ("cart", (10, 5))

    def test_short_stock_is_refused_when_the_flow_says(self, context):
        with pytest.raises(InsufficientInventory):
            cart_of(context, "cart", TEA=11)
        cart = cart_of(context, "order", TEA=11)

        with pytest.raises(InsufficientInventory):
            check_out(cart_id=cart.pk, context=context)

        assert Cart.objects.get(pk=cart.pk).status == "open"


class TestLines:
    def test_a_removed_line_lets_go(self, context):
        cart = cart_of(context, TEA=3)

        cart = remove_line(cart_id=cart.pk, line_id=cart.loaded_lines[0].pk, context=context)

        assert (cart.loaded_lines, stock_of("TEA")) == ([], (10, 0))

    def test_every_change_is_a_version_and_a_longer_life(self, context):
        cart = cart_of(context)
        changed = put_line(cart_id=cart.pk, sku="TEA", quantity=1, context=context, expected_version=1)

        assert changed.version == 2
        assert changed.expires_at > cart.expires_at
        assert Reservation.objects.get().expires_at == changed.expires_at

    def test_no_cart_lives_longer_than_its_longest_life(self, context):
        cart = cart_of(context)
        Cart.objects.update(created_at=timezone.now() - timedelta(days=2))

        with pytest.raises(CartExpired):
            put_line(cart_id=cart.pk, sku="TEA", quantity=1, context=context)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            pytest.param({"expected_version": 7}, VersionConflict, id="stale"),
            pytest.param({"sku": "NONE"}, InvalidProduct, id="unknown-sku"),
            pytest.param({"cart_id": uuid4}, NotFound, id="unknown-cart"),
        ],
    )
    def test_bad_changes_are_refused(self, context, change, error):
        change = {name: value() if callable(value) else value for name, value in change.items()}
        given = {"cart_id": cart_of(context).pk, "sku": "TEA", "quantity": 1, **change}

        with pytest.raises(error):
            put_line(**given, context=context)

    def test_mallory_may_do_nothing(self, context, mallory_context):
        cart = cart_of(context, TEA=1)
        attempts = [
            lambda: create_cart(input=CreateCart(currency="USD"), context=mallory_context),
            lambda: put_line(cart_id=cart.pk, sku="TEA", quantity=1, context=mallory_context),
            lambda: remove_line(cart_id=cart.pk, line_id=cart.loaded_lines[0].pk, context=mallory_context),
            lambda: check_out(cart_id=cart.pk, context=mallory_context),
        ]

        for attempt in attempts:
            with pytest.raises(PermissionDenied):
                attempt()


class TestEnds:
    def test_an_empty_cart_is_no_order(self, context):
        with pytest.raises(EmptyCart):
            check_out(cart_id=cart_of(context).pk, context=context)

    def test_a_cart_is_checked_out_once(self, context):
        cart = cart_of(context, TEA=1)
        check_out(cart_id=cart.pk, context=context)

        with pytest.raises(CartClosed):
            check_out(cart_id=cart.pk, context=context)

    @pytest.mark.parametrize("flow", ["cart", "order"])
    def test_a_forgotten_cart_ends_and_gives_back_once(self, context, flow):
        cart = cart_of(context, flow, TEA=3)
        forget(cart)

        expire_carts_everywhere()
        ended = [expire_carts(at=timezone.now()), release_expired(at=timezone.now())]

        assert (Cart.objects.get().status, stock_of("TEA"), ended) == ("expired", (10, 0), [0, 0])
        assert Event.objects.filter(type="orders.cart_expired").get().data["lines"] == 1
        assert Event.objects.filter(type="catalog.reservation_expired").count() == (flow == "cart")

    def test_an_expired_cart_takes_nothing_more(self, context):
        cart = cart_of(context, TEA=1)
        forget(cart)

        with pytest.raises(CartExpired):
            check_out(cart_id=cart.pk, context=context)

    def test_a_reservation_that_ran_out_is_a_typed_error_and_the_cart_stays(self, context):
        cart = cart_of(context, TEA=3)
        Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        release_expired(at=timezone.now())

        with pytest.raises(ReservationExpired):
            check_out(cart_id=cart.pk, context=context)

        assert (Order.objects.count(), Cart.objects.get().status) == (0, "open")
        put_line(cart_id=cart.pk, sku="TEA", quantity=3, context=context)
        assert check_out(cart_id=cart.pk, context=context).total == 1350


def buy(context):
    """One buyer from an empty cart to an order."""
    context = replace(context, memo={})
    cart = create_cart(input=CreateCart(currency="USD"), context=context)
    put_line(cart_id=cart.pk, sku="LAST", quantity=1, context=context)
    return check_out(cart_id=cart.pk, context=context)


@pytest.mark.parametrize("holding", [True, False], ids=["reserve at cart", "reserve at order"])
def test_64_buyers_of_the_last_10_units_get_10_under_either_flow(live_acme, context, holding):
    make_product("LAST", on_hand=10)
    switch(holding, context)

    results = race(live_acme, [buy] * 64)

    assert kinds(results) == {"Order": 10, "InsufficientInventory": 54}
    assert stock_of("LAST") == (10, 10)
    assert {cart.flow for cart in Cart.objects.all()} == {"cart" if holding else "order"}


def test_checkout_and_expiry_at_once_give_the_goods_to_exactly_one_side(live_acme, context):
    make_product("LAST", on_hand=10)
    carts = [cart_of(context, "cart", LAST=1) for _buyer in range(6)]
    end = max(cart.expires_at for cart in carts)
    sweeps = [lambda _context: release_expired(at=end)] * 6

    results = race(
        live_acme, [(lambda context, key=cart.pk: check_out(cart_id=key, context=context)) for cart in carts] + sweeps
    )

    counts = kinds(results)
    assert counts.get("Order", 0) + counts.get("ReservationExpired", 0) == 6
    assert sum(result for result in results if isinstance(result, int)) == counts.get("ReservationExpired", 0)
    assert stock_of("LAST") == (10, counts.get("Order", 0))


def test_a_customers_cart_names_the_customer(context):
    customer = make_customer()

    assert create_cart(input=CreateCart(currency="USD", customer_id=customer.pk), context=context).customer == customer
