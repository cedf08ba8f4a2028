"""Products, prices and stock in the console."""

import pytest

from apps.catalog.models import Price, Product, StockLevel
from tests.support.commerce import make_product
from tests.support.console import Visitor, notices
from tests.support.statements import counted

NEW = {"name": "Mug", "sku": "MUG-1", "amount": "12.50", "currency": "USD", "on_hand": "40"}


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


def level_of(sku):
    return StockLevel.objects.get(variant__sku=sku)


def test_a_product_is_created_with_price_and_stock(owner):
    answer = owner.do("catalog_product", "create", **NEW)

    assert answer.status_code == 200
    assert Price.objects.get(variant__sku="MUG-1").amount == 1250
    assert level_of("MUG-1").on_hand == 40


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "12.345"}, "amount"),
        ({"amount": "a lot"}, "amount"),
        ({"sku": ""}, "sku"),
        ({"on_hand": "-1"}, "on_hand"),
    ],
)
def test_a_bad_field_is_explained_in_its_place(owner, wrong, field):
    answer = owner.do("catalog_product", "create", **NEW | wrong)

    assert answer.context["form"].errors[field]
    assert not Product.objects.filter(name="Mug").exists()


def test_a_sku_that_exists_is_refused_in_words(owner):
    make_product("MUG-1")

    answer = owner.do("catalog_product", "create", **NEW)

    assert "MUG-1" in str(answer.context["form"].non_field_errors())


def test_a_price_is_set_in_the_currencys_own_units(owner):
    product = make_product("MUG-1")

    answer = owner.do("catalog_product", "price", product, sku="MUG-1", amount="500", currency="JPY")

    assert "500 JPY" in notices(answer)
    assert Price.objects.get(variant__sku="MUG-1", currency="JPY").amount == 500


def test_a_product_is_archived(owner):
    product = make_product()

    owner.do("catalog_product", "update", product, name=product.name, description="", status="archived")

    product.refresh_from_db()
    assert product.status == "archived"


@pytest.mark.parametrize(("delta", "left"), [("5", 105), ("-3", 97)])
def test_stock_is_adjusted_with_a_reason(owner, delta, left):
    make_product("MUG-1", on_hand=100)

    owner.do("catalog_stocklevel", "adjust", level_of("MUG-1"), delta=delta, reason="breakage")

    assert level_of("MUG-1").on_hand == left
    assert level_of("MUG-1").movements.latest("id").reason == "breakage"


def test_taking_more_than_there_is_is_refused(owner):
    make_product("MUG-1", on_hand=2)

    answer = owner.do("catalog_stocklevel", "adjust", level_of("MUG-1"), delta="-3", reason="theft")

    assert answer.context["form"].errors
    assert level_of("MUG-1").on_hand == 2


def test_a_count_sets_quantity_and_threshold(owner):
    make_product("MUG-1", on_hand=2)

    owner.do("catalog_stocklevel", "count", level_of("MUG-1"), on_hand="7", threshold="3", reason="")

    level = level_of("MUG-1")
    assert (level.on_hand, level.low_stock_threshold) == (7, 3)


def test_the_low_stock_filter_keeps_what_runs_out(owner):
    make_product("PLENTY", on_hand=500)
    make_product("SCARCE", on_hand=1)

    found = owner.list("catalog_stocklevel", "?low=1").content.decode()

    assert "SCARCE" in found
    assert "PLENTY" not in found


@pytest.mark.parametrize("model", ["catalog_product", "catalog_stocklevel"])
def test_lists_cost_the_same_for_many_rows(owner, model):
    make_product()
    owner.list(model)
    with counted() as few:
        owner.list(model)
    for _time in range(6):
        make_product()
    owner.list(model)  # as before: what comes by the clock, the look for changed tenants, came with this one

    with counted() as many:
        owner.list(model)

    assert len(many) == len(few) <= 10


def test_the_pages_show_variants_and_movements(owner):
    product = make_product("MUG-1", on_hand=4)

    assert "MUG-1" in owner.page("catalog_product", product).content.decode()
    assert owner.page("catalog_stocklevel", level_of("MUG-1")).context["movements"]
