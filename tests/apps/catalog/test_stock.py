"""Counting stock; the database stands behind every door."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from apps.catalog.errors import StockBelowReserved, StockTooLarge
from apps.catalog.models import StockLevel, StockMovement
from apps.catalog.services import adjust_stock, set_stock
from apps.events.models import Event
from rustok.errors.families import InvalidInput, NotFound, PermissionDenied
from tests.support.commerce import make_order, make_product, stock_of


def told(kind: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(type=f"catalog.{kind}").order_by("seq").values_list("data", flat=True))


class TestSetStock:
    def test_sets_what_is_on_hand_and_keeps_the_ledger(self, context):
        make_product("TEA", on_hand=10)

        set_stock(sku="TEA", on_hand=7, context=context, reason="count")

        assert stock_of("TEA") == (7, 0)
        movement = StockMovement.objects.order_by("-id").first()
        assert (movement.kind, movement.delta, movement.on_hand, movement.reason) == ("set", -3, 7, "count")
        assert told("stock_changed")[-1]["delta"] == -3

    def test_never_below_what_is_reserved(self, context):
        make_product("TEA", on_hand=10)
        make_order(lines={"TEA": 4})

        with pytest.raises(StockBelowReserved):
            set_stock(sku="TEA", on_hand=3, context=context)

        assert set_stock(sku="TEA", on_hand=4, context=context).available == 0

    def test_another_location_starts_with_nothing(self, context):
        make_product("TEA", on_hand=10)

        level = set_stock(sku="TEA", on_hand=3, location="attic", context=context)

        assert (level.on_hand, stock_of("TEA")) == (3, (10, 0))

    @pytest.mark.parametrize("on_hand", [-1, True, 1.0, 10**12 + 1])
    def test_refuses_what_is_no_quantity(self, context, on_hand):
        make_product("TEA")

        with pytest.raises(InvalidInput):
            set_stock(sku="TEA", on_hand=on_hand, context=context)

    def test_an_unknown_sku_is_not_found(self, context):
        with pytest.raises(NotFound):
            set_stock(sku="NOPE", on_hand=1, context=context)

    def test_mallory_may_not(self, context, mallory_context):
        make_product("TEA")

        with pytest.raises(PermissionDenied):
            set_stock(sku="TEA", on_hand=1, context=mallory_context)


class TestAdjustStock:
    @pytest.mark.parametrize(("delta", "on_hand"), [(5, 15), (-10, 0), (0, 10)])
    def test_adds_and_takes_away(self, context, delta, on_hand):
        make_product("TEA", on_hand=10)

        assert adjust_stock(sku="TEA", delta=delta, context=context).on_hand == on_hand

    def test_refuses_to_take_more_than_there_is(self, context):
        make_product("TEA", on_hand=10)

        with pytest.raises(StockBelowReserved):
            adjust_stock(sku="TEA", delta=-11, context=context)

    def test_refuses_more_than_a_shelf_can_hold(self, context):
        make_product("TEA", on_hand=10)

        with pytest.raises(StockTooLarge):
            adjust_stock(sku="TEA", delta=10**12, context=context)


class TestLowStock:
    def test_is_told_once_per_crossing(self, context):
        make_product("TEA", on_hand=10)

        for on_hand in (6, 5, 4, 9, 3):
            set_stock(sku="TEA", on_hand=on_hand, context=context)

        assert [fact["available"] for fact in told("stock_low")] == [5, 3]

    def test_an_order_that_empties_the_shelf_tells_it(self, context):
        make_product("TEA", on_hand=10)

        make_order(lines={"TEA": 4})
        make_order(lines={"TEA": 2})
        make_order(lines={"TEA": 1})

        assert [fact["available"] for fact in told("stock_low")] == [4]

    def test_the_threshold_can_be_moved(self, context):
        make_product("TEA", on_hand=10)

        set_stock(sku="TEA", on_hand=10, low_stock_threshold=20, context=context)

        assert told("stock_low")[0]["threshold"] == 20


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"on_hand": -1}, "stock_"),
        ({"reserved": -1}, "stock_reserved_not_negative"),
        ({"reserved": 11}, "stock_not_oversold"),
        ({"low_stock_threshold": -1}, "stock_threshold_not_negative"),
    ],
)
def test_the_database_refuses_an_impossible_level(context, change, constraint):
    make_product("TEA", on_hand=10)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        StockLevel.objects.update(**change)
