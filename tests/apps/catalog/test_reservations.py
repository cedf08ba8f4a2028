"""Promising stock to a reference, keeping the promise, taking it back."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.catalog.errors import InsufficientInventory
from apps.catalog.models import Reservation, StockMovement, Variant
from apps.catalog.services import Wanted, commit_reservation, release, reserve, restock
from rustok.db.transactions import TransactionRequired, unit_of_work
from tests.support.commerce import make_product, make_products, stock_of


def hold(lines: list[tuple[str, int]], reference: UUID | None = None) -> UUID:
    reference = reference or uuid4()
    ids = dict(Variant.objects.values_list("sku", "id"))
    wanted = [Wanted(ids.get(sku, uuid4()), sku, quantity) for sku, quantity in lines]
    with unit_of_work():
        reserve(reference=reference, wanted=wanted, at=timezone.now())
    return reference


class TestReserve:
    def test_takes_all_lines_in_one_statement(self, context, django_assert_num_queries):
        make_products("A", "B", "C", on_hand=10, price=1)
        ids = dict(Variant.objects.values_list("sku", "id"))
        wanted = [Wanted(ids[sku], sku, 3) for sku in "ABC"]

        with unit_of_work(), django_assert_num_queries(1):
            reserve(reference=uuid4(), wanted=wanted, at=timezone.now())

        assert [stock_of(sku) for sku in "ABC"] == [(10, 3)] * 3

    def test_one_sku_twice_is_the_sum(self, context):
        make_product("A", on_hand=10)

        hold([("A", 6), ("A", 4)])

        assert stock_of("A") == (10, 10)
        assert Reservation.objects.get().quantity == 10

    def test_one_sku_twice_cannot_oversell(self, context):
        make_product("A", on_hand=10)

        with pytest.raises(InsufficientInventory) as refused:
            hold([("A", 6), ("A", 5)])

        assert refused.value.context == {"sku": "A", "wanted": 11, "available": 10}

    def test_all_or_nothing(self, context):
        make_products("A", "B", on_hand=5)

        with pytest.raises(InsufficientInventory) as refused, transaction.atomic():
            hold([("A", 5), ("B", 6)])

        assert refused.value.context == {"sku": "B", "wanted": 6, "available": 5}
        assert stock_of("A") == (5, 0)

    def test_every_short_item_is_named(self, context):
        make_products("A", "B", on_hand=5)

        with pytest.raises(InsufficientInventory) as refused:
            hold([("A", 6), ("B", 7), ("NOPE", 1)])

        assert len(refused.value.errors) == 3

    def test_needs_a_transaction(self, context):
        with pytest.raises(TransactionRequired):
            reserve(reference=uuid4(), wanted=[], at=timezone.now())


class TestEndings:
    def test_a_commit_takes_the_goods_off_the_shelf(self, context):
        make_product("A", on_hand=10)
        reference = hold([("A", 4)])

        with unit_of_work():
            commit_reservation(reference=reference, context=context, at=timezone.now())

        assert stock_of("A") == (6, 0)
        assert Reservation.objects.get().status == "committed"
        assert StockMovement.objects.get(kind="ship").delta == -4

    def test_a_release_frees_them(self, context):
        make_product("A", on_hand=10)
        reference = hold([("A", 4)])

        with unit_of_work():
            release(reference=reference, context=context, at=timezone.now())

        assert stock_of("A") == (10, 0)
        assert not StockMovement.objects.exclude(kind="set").exists()

    def test_shipped_goods_can_come_back(self, context):
        make_product("A", on_hand=10)
        reference = hold([("A", 4)])

        with unit_of_work():
            commit_reservation(reference=reference, context=context, at=timezone.now())
            restock(reference=reference, context=context, at=timezone.now())

        assert stock_of("A") == (10, 0)
        assert Reservation.objects.get().status == "returned"

    @pytest.mark.parametrize("end", [commit_reservation, release])
    def test_an_ended_promise_does_not_end_twice(self, context, end):
        make_product("A", on_hand=10)
        reference = hold([("A", 4)])

        with unit_of_work():
            assert end(reference=reference, context=context, at=timezone.now()) == 1
            before = stock_of("A")
            assert end(reference=reference, context=context, at=timezone.now()) == 0

        assert stock_of("A") == before


def test_the_database_refuses_an_empty_promise(context):
    make_product("A", on_hand=10)
    hold([("A", 4)])

    with pytest.raises(IntegrityError, match="reservation_quantity_positive"), transaction.atomic():
        Reservation.objects.update(quantity=0)
