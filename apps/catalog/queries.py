"""Reads of the catalogue: for sellers of things, for lists, for the console."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import F, Prefetch, Q, QuerySet
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


def products(*, search: str = "", status: str = "") -> QuerySet[Product]:
    """Products with variants, prices and translations; `search` looks into names and at the beginning of SKUs."""
    found = Product.objects.prefetch_related(
        "translations", Prefetch("variants", queryset=Variant.objects.prefetch_related("prices"))
    )
    if status:
        found = found.filter(status=status)
    if search:
        by_sku = Variant.objects.filter(sku__istartswith=search).values("product_id")
        found = found.filter(Q(name__icontains=search) | Q(pk__in=by_sku))
    return found


def get_product(product_id: UUID) -> Product:
    """One product with variants, prices and translations; raises NotFound."""
    product = products().filter(pk=product_id).first()
    if product is None:
        raise NotFound(resource=_("product"))
    return product


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
