"""The sample as a catalogue: everything that was sold by the piece is on the shelf, once, at a whole price."""

from collections import Counter
from functools import cache

import pytest

from apps.catalog.services.inputs import MAX_VARIANTS
from apps.demo import catalogue
from apps.demo.stores import BASKETS_PER_STORE, CURRENCY, STORES, TRANSACTIONS
from apps.orders.importing.refusals import Reason
from apps.orders.importing.rows import Basket, read_baskets

NUMBERS = [store.number for store in STORES]


@cache
def baskets() -> list[Basket]:
    return list(read_baskets(TRANSACTIONS, currency=CURRENCY))


def of_store(number: str) -> list[Basket]:
    return [basket for basket in baskets() if basket.store == number]


def test_the_sample_is_what_its_readme_says() -> None:
    reasons = Counter(refusal.reason for basket in baskets() for refusal in basket.refusals)

    assert len(baskets()) == 1200
    assert sum(len(basket.lines) for basket in baskets()) == 11478
    assert reasons == {Reason.NOTHING_SOLD: 44, Reason.BELOW_MINOR_UNIT: 222}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_good_row_finds_its_sku_and_enough_of_it(number: str) -> None:
    sold = catalogue.sales(of_store(number))
    variants = {variant.sku: variant for product in catalogue.products(sold) for variant in product.variants}

    assert len(of_store(number)) == BASKETS_PER_STORE
    assert variants.keys() == sold.keys()
    assert all(variants[sku].on_hand > sold[sku].pieces for sku in sold)


@pytest.mark.parametrize("number", NUMBERS)
def test_products_fit_the_catalogue(number: str) -> None:
    products = list(catalogue.products(catalogue.sales(of_store(number))))

    assert all(product.name and len(product.variants) <= MAX_VARIANTS for product in products)
    assert len(products) < 1100


def test_households_know_what_the_survey_knows() -> None:
    known, unknown = catalogue.households({"1012", "99999"})

    assert known.attributes["household_size"] == "5+"
    assert (unknown.name, unknown.attributes) == ("Household 99999", {})
