"""Reads of the catalogue: for sellers of things, for lists, for the console."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, ProductStatus, StockLevel, Variant
from rustok.errors.families import NotFound

_OFFERS: Final = """
SELECT v.id, v.sku, p.name, v.title, pr.amount, p.status
FROM catalog_variant v
JOIN catalog_product p ON p.id = v.product_id
LEFT JOIN catalog_price pr ON pr.variant_id = v.id AND pr.currency = %s
WHERE v.sku = ANY(%s)
"""
# The status is looked at here, not there: before the first ANALYZE the planner would walk the index of all active ones.

_FACTS: Final = ("id", "name", "description", "status", "attributes", "version", "created_at", "updated_at")
_VARIANTS: Final = """
SELECT v.product_id, v.id, v.sku, v.title, p.currency, p.amount
FROM catalog_variant v LEFT JOIN catalog_price p ON p.variant_id = v.id
WHERE v.product_id = ANY(%s) ORDER BY v.position, v.id, p.currency
"""
_TRANSLATIONS: Final = """
SELECT product_id, locale, name, description FROM catalog_producttranslation WHERE product_id = ANY(%s) ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A SKU that can be bought; `unit_price` is in minor units, None without a price in the asked currency."""

    variant_id: UUID
    sku: str
    name: str
    unit_price: int | None


def offers(*, skus: Collection[str], currency: str) -> dict[str, Offer]:
    """What is for sale among the SKUs, by SKU; unknown, draft and archived ones are missing. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_OFFERS, [currency, list(skus)])
        return {
            sku: Offer(variant_id, sku, f"{name}, {title}"[:255] if title else name, amount)
            for variant_id, sku, name, title, amount, status in cursor.fetchall()
            if status == ProductStatus.ACTIVE
        }


def products(*, search: str = "", status: str = "") -> QuerySet[Product, dict[str, Any]]:
    """Products as plain facts, for `with_parts`; `search` looks into names and at the beginning of SKUs."""
    found: QuerySet[Product, dict[str, Any]] = Product.objects.values(*_FACTS)
    if status:
        found = found.filter(status=status)
    if search:
        by_sku = Variant.objects.filter(sku__istartswith=search).values("product_id")
        found = found.filter(Q(name__icontains=search) | Q(pk__in=by_sku))
    return found


def with_parts(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The products with their variants, prices and translations, in the API's shape. Two statements.

    Read as plain rows: instances of everything that a page of products has took longer than the rest of the answer.
    """
    ids = [product["id"] for product in found]
    variants, translations = _variants(ids), _translations(ids)
    return [
        product | {"variants": variants.get(product["id"], []), "translations": translations.get(product["id"], [])}
        for product in found
    ]


def _variants(product_ids: list[UUID]) -> Mapping[UUID, Sequence[dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(_VARIANTS, [product_ids])
        rows = cursor.fetchall()
    found: dict[UUID, dict[UUID, dict[str, Any]]] = {}
    for product, variant, sku, title, currency, amount in rows:
        facts = found.setdefault(product, {}).setdefault(
            variant, {"id": variant, "sku": sku, "title": title, "prices": []}
        )
        if currency is not None:
            facts["prices"].append({"amount": amount, "currency": currency})
    return {product: list(variants.values()) for product, variants in found.items()}


def _translations(product_ids: list[UUID]) -> Mapping[UUID, Sequence[dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TRANSLATIONS, [product_ids])
        rows = cursor.fetchall()
    found: dict[UUID, list[dict[str, Any]]] = {}
    for product, locale, name, description in rows:
        found.setdefault(product, []).append({"locale": locale, "name": name, "description": description})
    return found


def get_product(product_id: UUID) -> dict[str, Any]:
    """One product with variants, prices and translations, in the API's shape; raises NotFound. Three statements."""
    found = products().filter(pk=product_id).first()
    if found is None:
        raise NotFound(resource=_("product"))
    return with_parts([found])[0]


def stock(*, sku: str = "", location: str = "", low: bool = False) -> QuerySet[StockLevel]:
    """Stock levels with their variants; `low` keeps those at or below their threshold."""
    found = StockLevel.objects.select_related("variant")
    if sku:
        found = found.filter(variant__sku=sku)
    if location:
        found = found.filter(location=location)
    if low:
        found = found.filter(on_hand__lte=F("reserved") + F("low_stock_threshold"))
    return found


def low_stock(*, limit: int = 20) -> list[StockLevel]:
    """The levels at or below their threshold, the emptiest first; with variant and product. One statement."""
    shortest = stock(low=True).select_related("variant__product").order_by(F("on_hand") - F("reserved"), "id")
    return list(shortest[:limit])
