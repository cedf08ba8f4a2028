"""Reservations with a time limit: held, extended, handed over, let go once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.catalog.errors import InsufficientInventory, ReservationExpired
from apps.catalog.models import Reservation, Variant
from apps.catalog.services import Wanted, extend, hold, release_expired, take_over
from apps.catalog.tasks import release_expired_reservations
from apps.events.models import Event
from rustok.db.transactions import unit_of_work
from tests.support.commerce import make_product, make_products, stock_of

NOW = timezone.now()
SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=10)


def wanted(sku, quantity):
    return Wanted(Variant.objects.get(sku=sku).pk, sku, quantity)


def held(sku="A", quantity=3, reference=None, until=SOON):
    reference = reference or uuid4()
    with unit_of_work():
        hold(reference=reference, wanted=wanted(sku, quantity), at=NOW, expires_at=until)
    return reference


class TestHold:
    @pytest.mark.parametrize(("first", "second"), [(3, 5), (5, 3), (4, 4), (2, 0)])
    def test_the_last_quantity_counts(self, context, first, second):
        make_product("A", on_hand=10)

        cart = held(quantity=first)
        held(quantity=second, reference=cart)

        assert stock_of("A") == (10, second)

    def test_what_one_holds_already_is_available_to_it(self, context):
        make_product("A", on_hand=5)
        cart = held(quantity=4)

        held(quantity=5, reference=cart)
        with pytest.raises(InsufficientInventory) as refused:
            held(quantity=6, reference=cart)

        assert refused.value.context == {"sku": "A", "wanted": 6, "available": 5}
        assert stock_of("A") == (5, 5)

    def test_a_released_reservation_comes_to_life_again(self, context):
        make_product("A", on_hand=5)
        cart = held(quantity=4)
        release_expired(at=LATER)

        held(quantity=2, reference=cart, until=LATER)

        assert stock_of("A") == (5, 2)
        assert Reservation.objects.get().status == "held"

    def test_it_warns_when_little_is_left(self, context):
        make_product("A", on_hand=10)

        held(quantity=6)

        assert Event.objects.filter(type="catalog.stock_low").count() == 1


class TestReleaseExpired:
    def test_it_gives_back_once_and_tells(self, context):
        make_products("A", "B", on_hand=10)
        cart = held("A", 3)
        held("B", 2, reference=cart)
        held("A", 4)

        released = [release_expired(at=LATER) for _sweep in range(3)]

        assert released == [3, 0, 0]
        assert stock_of("A") == stock_of("B") == (10, 0)
        told = Event.objects.filter(type="catalog.reservation_expired")
        assert sorted(event.data["quantity"] for event in told) == [2, 3, 4]

    def test_what_is_not_over_or_has_no_end_stays(self, context):
        make_product("A", on_hand=10)
        held("A", 3, until=LATER)

        assert release_expired(at=SOON) == 0
        assert stock_of("A") == (10, 3)

    def test_extended_ones_live_on(self, context):
        make_product("A", on_hand=10)
        cart = held("A", 3)
        with unit_of_work():
            assert extend(reference=cart, at=NOW, expires_at=LATER) == 1

        assert release_expired(at=SOON) == 0

    def test_the_sweep_visits_every_shop_in_business(self, acme, globex):
        make_product("A", on_hand=10)
        held("A", 3, until=NOW - timedelta(minutes=1))

        release_expired_reservations()

        assert stock_of("A") == (10, 0)


class TestTakeOver:
    def test_what_was_held_belongs_to_the_order_for_good(self, context):
        make_product("A", on_hand=10)
        cart, order = held("A", 3), uuid4()

        with unit_of_work():
            take_over(source=cart, target=order, wanted=[wanted("A", 3)], at=NOW)

        assert release_expired(at=LATER) == 0
        assert Reservation.objects.get().reference == order
        assert stock_of("A") == (10, 3)

    @pytest.mark.parametrize(
        ("quantity", "at"), [pytest.param(3, LATER, id="too late"), pytest.param(4, NOW, id="another quantity")]
    )
    def test_anything_else_than_what_is_held_is_refused(self, context, quantity, at):
        make_product("A", on_hand=10)
        cart = held("A", 3)

        with pytest.raises(ReservationExpired), unit_of_work():
            take_over(source=cart, target=uuid4(), wanted=[wanted("A", quantity)], at=at)

    def test_more_is_held_than_wanted(self, context):
        make_products("A", "B", on_hand=10)
        cart = held("A", 3)
        held("B", 1, reference=cart)

        with pytest.raises(ReservationExpired), unit_of_work():
            take_over(source=cart, target=uuid4(), wanted=[wanted("A", 3)], at=NOW)
