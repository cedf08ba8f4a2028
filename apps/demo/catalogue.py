"""A shop's catalogue out of the sample: what it sold, at the price last seen, with enough on the shelf.

Articles of one kind and brand are the variants of one product; each article number of the data is a SKU. What a store
never sold by the piece (fuel) is not in its catalogue.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from apps.catalog.services import CreateProduct, NewVariant
from apps.customers.services import CreateCustomer
from apps.demo.stores import CURRENCY, HOUSEHOLDS, PRODUCTS
from apps.orders.importing.rows import Basket

PLENTY: Final = 500
"""Pieces left on the shelf after the replay; what the benchmarks and a curious visitor may buy."""

SCARCE: Final = 3
"""Pieces left of a few popular articles, so that the low-stock list has something to say."""

_POPULAR: Final = 6
_EVERY: Final = 9


@dataclass(slots=True)
class Sold:
    """What the baskets tell about one article: pieces sold and the last price of one, in minor units."""

    pieces: int = 0
    price: int = 0


def sales(baskets: Iterable[Basket]) -> dict[str, Sold]:
    """Every article that was sold by the piece, by SKU."""
    found: dict[str, Sold] = {}
    for basket in baskets:
        for row in basket.rows:
            sold = found.setdefault(row.sku, Sold())
            sold.pieces += row.quantity
            sold.price = row.value // row.quantity or sold.price
    return found


def products(sold: dict[str, Sold]) -> Iterator[CreateProduct]:
    """The products that cover these articles, in the order of the data."""
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for article in _read(PRODUCTS):
        if article["product_id"] in sold:
            key = tuple(article[name] for name in ("department", "product_category", "product_type", "brand"))
            groups.setdefault(key, []).append(article)
    for articles in groups.values():
        yield _product(articles, sold)


def households(wanted: set[str]) -> Iterator[CreateCustomer]:
    """The customers with these numbers, with what the survey knows about them."""
    surveyed = {row.pop("household_id"): row for row in _read(HOUSEHOLDS)}
    for number in sorted(wanted, key=int):
        known = {name: text for name, text in surveyed.get(number, {}).items() if text}
        yield CreateCustomer(name=f"Household {number}", external_id=number, attributes=known)


def _product(articles: list[dict[str, str]], sold: dict[str, Sold]) -> CreateProduct:
    first = articles[0]
    kind = first["product_type"] or first["product_category"] or f"{first['department']} goods"
    own = " (store brand)" if first["brand"] == "Private" else ""
    names = ("department", "product_category", "brand")
    return CreateProduct(
        name=f"{_sentence(kind)}{own}",
        attributes={name: first[name] for name in names if first[name]},
        variants=[_variant(article, sold[article["product_id"]]) for article in articles],
    )


def _variant(article: dict[str, str], sold: Sold) -> NewVariant:
    sku = article["product_id"]
    size = article["package_size"].lower()
    scarce = sold.pieces >= _POPULAR and int(sku) % _EVERY == 0
    return NewVariant(
        sku=sku,
        title=f"{size}, maker {article['manufacturer_id']}" if size else f"maker {article['manufacturer_id']}",
        prices={CURRENCY: sold.price},
        on_hand=sold.pieces + (SCARCE if scarce else PLENTY),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].lower()


def _read(path: object) -> Iterator[dict[str, str]]:
    with gzip.open(str(path), "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
