"""Products, variants, prices and translations."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from apps.catalog import queries
from apps.catalog.models import Price, Product, StockMovement, Variant
from apps.catalog.services import (
    CreateProduct,
    NewVariant,
    Translation,
    UpdateProduct,
    create_product,
    create_products,
    set_price,
    update_product,
)
from apps.tenants.isolation import tenant_scope
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound, PermissionDenied, VersionConflict
from rustok.money import InvalidMoney
from tests.support.commerce import make_product, stock_of

SHIRT = CreateProduct(
    name="Shirt",
    variants=[
        NewVariant(sku="SHIRT-S", title="S", prices={"USD": 1999, "JPY": 3000}, on_hand=5),
        NewVariant(sku="SHIRT-M", title="M"),
    ],
    translations=[Translation(locale="ru", name="Рубашка")],
    attributes={"fabric": "linen"},
)


class TestCreateProduct:
    def test_writes_variants_prices_stock_and_texts(self, context):
        product = create_product(input=SHIRT, context=context)

        stored = queries.get_product(product.pk)
        assert [variant["sku"] for variant in stored["variants"]] == ["SHIRT-S", "SHIRT-M"]
        assert {str(price) for price in Price.objects.all()} == {"19.99 USD", "3000 JPY"}
        assert stock_of("SHIRT-S") == (5, 0)
        assert stock_of("SHIRT-M") == (0, 0)
        assert [text["name"] for text in stored["translations"]] == ["Рубашка"]
        assert StockMovement.objects.get().delta == 5

    def test_many_cost_as_many_statements_as_one(self, context, django_assert_max_num_queries):
        with django_assert_max_num_queries(9):
            create_products(
                inputs=[replace(SHIRT, variants=[NewVariant(sku=f"S{n}", on_hand=1)]) for n in range(50)],
                context=context,
            )

    def test_a_known_sku_is_a_duplicate(self, context):
        make_product("TEA")

        with pytest.raises(DuplicateEntry):
            create_product(input=CreateProduct(name="Tea", variants=[NewVariant(sku="TEA")]), context=context)

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": " "}, "/name"),
            ({"name": "a\x00b"}, "/name"),
            ({"name": "x" * 256}, "/name"),
            ({"status": "gone"}, "/status"),
            ({"variants": []}, "/variants"),
            ({"variants": [NewVariant(sku="")]}, "/variants/0/sku"),
            ({"variants": [NewVariant(sku="A", prices={"USD": -1})]}, "/variants/0/prices/USD"),
            ({"variants": [NewVariant(sku="A", on_hand=-1)]}, "/variants/0/on_hand"),
            ({"variants": [NewVariant(sku="A", on_hand=True)]}, "/variants/0/on_hand"),
            ({"attributes": {"a": "\x00"}}, "/attributes/a"),
        ],
    )
    def test_refuses_bad_input(self, context, change, pointer):
        with pytest.raises(InvalidInput) as refused:
            create_product(input=replace(SHIRT, **change), context=context)

        assert refused.value.errors[0].pointer == pointer
        assert not Product.objects.exists()

    def test_refuses_one_sku_twice(self, context):
        twice = replace(SHIRT, variants=[NewVariant(sku="A"), NewVariant(sku="A")])

        with pytest.raises(DuplicateEntry):
            create_product(input=twice, context=context)

    def test_refuses_one_locale_twice(self, context):
        twice = replace(SHIRT, translations=[Translation(locale="ru", name="a"), Translation(locale="ru", name="b")])

        with pytest.raises(DuplicateEntry):
            create_product(input=twice, context=context)

    def test_refuses_an_unknown_currency(self, context):
        with pytest.raises(InvalidMoney):
            create_product(input=replace(SHIRT, variants=[NewVariant(sku="A", prices={"usd": 1})]), context=context)

    def test_mallory_may_not(self, acme, mallory_context):
        with pytest.raises(PermissionDenied):
            create_product(input=SHIRT, context=mallory_context)


class TestUpdateProduct:
    def test_changes_what_is_given_and_counts_the_version(self, context):
        product = make_product(name="Tea")

        changed = update_product(
            product_id=product.pk, input=UpdateProduct(name="Green tea", status="draft"), context=context
        )

        assert (changed.name, changed.status, changed.version) == ("Green tea", "draft", 2)

    def test_nothing_new_changes_nothing(self, context):
        product = make_product(name="Tea")

        assert update_product(product_id=product.pk, input=UpdateProduct(name="Tea"), context=context).version == 1

    def test_replaces_translations(self, context):
        product = create_product(input=SHIRT, context=context)

        update_product(
            product_id=product.pk,
            input=UpdateProduct(translations=[Translation(locale="de", name="Hemd")]),
            context=context,
        )

        assert [text.locale for text in product.translations.all()] == ["de"]

    def test_another_version_is_a_conflict(self, context):
        product = make_product()

        with pytest.raises(VersionConflict):
            update_product(product_id=product.pk, input=UpdateProduct(name="B"), context=context, expected_version=7)

    def test_an_unknown_product_is_not_found(self, context):
        with pytest.raises(NotFound):
            update_product(product_id=uuid4(), input=UpdateProduct(name="B"), context=context)

    def test_mallory_may_not(self, context, mallory_context):
        product = make_product()

        with pytest.raises(PermissionDenied):
            update_product(product_id=product.pk, input=UpdateProduct(name="B"), context=mallory_context)


class TestSetPrice:
    def test_sets_and_replaces(self, context):
        make_product("TEA", price=450)

        set_price(sku="TEA", currency="USD", amount=500, context=context)
        set_price(sku="TEA", currency="JPY", amount=60, context=context)

        assert dict(Price.objects.values_list("currency", "amount")) == {"USD": 500, "JPY": 60}

    def test_an_unknown_sku_is_not_found(self, context):
        with pytest.raises(NotFound):
            set_price(sku="NOPE", currency="USD", amount=1, context=context)

    @pytest.mark.parametrize("amount", [-1, True, 2**53, 1.5])
    def test_refuses_what_is_no_price(self, context, amount):
        make_product("TEA")

        with pytest.raises(InvalidInput):
            set_price(sku="TEA", currency="USD", amount=amount, context=context)

    def test_mallory_may_not(self, context, mallory_context):
        make_product("TEA")

        with pytest.raises(PermissionDenied):
            set_price(sku="TEA", currency="USD", amount=1, context=mallory_context)

    def test_the_database_refuses_a_negative_price(self, context):
        make_product("TEA")

        with pytest.raises(IntegrityError, match="price_in_range"), transaction.atomic():
            Price.objects.update(amount=-1)


class TestQueries:
    def test_offers_are_active_and_priced_per_currency(self, context):
        make_product("TEA", price=450)
        make_product("OLD", status="archived")

        found = queries.offers(skus=["TEA", "OLD", "NOPE"], currency="USD")

        assert {sku: offer.unit_price for sku, offer in found.items()} == {"TEA": 450}
        assert queries.offers(skus=["TEA"], currency="EUR")["TEA"].unit_price is None

    @pytest.mark.parametrize(
        ("search", "names"), [("gre", {"Green tea"}), ("cof", {"Mocha"}), ("zz", set()), ("%", set())]
    )
    def test_search_looks_into_names_and_skus(self, context, search, names):
        make_product("TEA-1", name="Green tea")
        make_product("COF-1", name="Mocha")

        assert {product["name"] for product in queries.products(search=search)} == names

    def test_low_stock_is_emptiest_first(self, context, django_assert_max_num_queries):
        for sku, on_hand in (("A", 4), ("B", 1), ("C", 50)):
            make_product(sku, on_hand=on_hand)

        with django_assert_max_num_queries(1):
            assert [level.variant.sku for level in queries.low_stock()] == ["B", "A"]


def test_products_of_one_tenant_are_not_seen_in_another(acme, globex):
    make_product("TEA")

    with tenant_scope(globex):
        assert not Product.objects.exists()
        assert not Variant.objects.exists()
