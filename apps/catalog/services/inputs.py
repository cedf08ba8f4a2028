"""What the catalogue's services are told, checked and tidied in one place for every door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.catalog.models import ProductStatus
from rustok.errors.families import DuplicateEntry
from rustok.money import MAX_MINOR, exponent
from rustok.text import clean, clean_attributes, refuse

MAX_STOCK: Final = 1_000_000_000_000
MAX_VARIANTS: Final = 100
_LONGEST_DESCRIPTION: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVariant:
    """A SKU with its prices (currency to minor units) and its first count."""

    sku: str
    title: str = ""
    prices: Mapping[str, int] = field(default_factory=dict)
    on_hand: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The texts of a product in one more locale."""

    locale: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProduct:
    """A product with at least one variant."""

    name: str
    variants: Sequence[NewVariant]
    description: str = ""
    status: str = ProductStatus.ACTIVE
    attributes: Mapping[str, Any] = field(default_factory=dict)
    translations: Sequence[Translation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProduct:
    """The fields to change; None leaves a field as it is. Translations replace all when given."""

    name: str | None = None
    description: str | None = None
    status: str | None = None
    attributes: Mapping[str, Any] | None = None
    translations: Sequence[Translation] | None = None


def checked_create(given: CreateProduct) -> CreateProduct:
    """Return the tidied input; raises InvalidInput, InvalidMoney or DuplicateEntry (one SKU twice)."""
    if not 1 <= len(given.variants) <= MAX_VARIANTS:
        raise refuse("variants", "count", _("Between 1 and %(most)s variants.") % {"most": MAX_VARIANTS})
    variants = [_checked_variant(variant, f"variants/{n}") for n, variant in enumerate(given.variants)]
    skus = [variant.sku for variant in variants]
    for sku in skus:
        if skus.count(sku) > 1:
            raise DuplicateEntry(resource=_("SKU"), value=sku)
    return replace(
        given,
        name=clean(given.name, field="name", longest=255),
        description=_description(given.description),
        status=_status(given.status),
        attributes=clean_attributes(given.attributes),
        variants=variants,
        translations=_translations(given.translations),
    )


def checked_update(given: UpdateProduct) -> dict[str, Any]:
    """Return the tidied fields that are to change, translations excluded."""
    changes: dict[str, Any] = {}
    if given.name is not None:
        changes["name"] = clean(given.name, field="name", longest=255)
    if given.description is not None:
        changes["description"] = _description(given.description)
    if given.status is not None:
        changes["status"] = _status(given.status)
    if given.attributes is not None:
        changes["attributes"] = clean_attributes(given.attributes)
    return changes


def checked_translations(given: Sequence[Translation]) -> list[Translation]:
    """Return the tidied translations; one per locale."""
    return _translations(given)


def checked_quantity(value: int, field: str, *, least: int = 0) -> int:
    """Return a stock quantity in range; a bool is no number here."""
    if type(value) is not int or not least <= value <= MAX_STOCK:
        raise refuse(field, "out_of_range", _("Between %(least)s and %(most)s.") % {"least": least, "most": MAX_STOCK})
    return value


def checked_price(currency: str, amount: int, field: str = "amount") -> int:
    """Return an amount in minor units that can be a price in the currency."""
    exponent(currency)
    if type(amount) is not int or not 0 <= amount <= MAX_MINOR:
        raise refuse(field, "out_of_range", _("Between %(least)s and %(most)s.") % {"least": 0, "most": MAX_MINOR})
    return amount


def _checked_variant(given: NewVariant, where: str) -> NewVariant:
    return replace(
        given,
        sku=clean(given.sku, field=f"{where}/sku", longest=64),
        title=clean(given.title, field=f"{where}/title", longest=255, required=False),
        prices={code: checked_price(code, amount, f"{where}/prices/{code}") for code, amount in given.prices.items()},
        on_hand=checked_quantity(given.on_hand, f"{where}/on_hand"),
    )


def _description(text: str) -> str:
    return clean(text, field="description", longest=_LONGEST_DESCRIPTION, required=False, multiline=True)


def _status(status: str) -> str:
    if status not in ProductStatus.values:
        raise refuse("status", "choice", _("One of: %(choices)s.") % {"choices": ", ".join(ProductStatus.values)})
    return status


def _translations(given: Sequence[Translation]) -> list[Translation]:
    tidy = [
        Translation(
            locale=clean(text.locale, field=f"translations/{n}/locale", longest=16),
            name=clean(text.name, field=f"translations/{n}/name", longest=255),
            description=_description(text.description),
        )
        for n, text in enumerate(given)
    ]
    if len({text.locale for text in tidy}) != len(tidy):
        raise DuplicateEntry(resource=_("translation"), value=", ".join(sorted({text.locale for text in tidy})))
    return tidy
