"""`/api/v1/products/` and `/api/v1/prices/`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.catalog import queries, services
from apps.catalog.api.schemas import (
    CreateProductBody,
    PriceBody,
    PriceOut,
    ProductFilter,
    ProductOut,
    UpdateProductBody,
)
from rustok.api import Call, Endpoint, Page, operation, paginate
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.money import InvalidMoney
from rustok.operations import Criticality


class ProductCollection(Endpoint):
    """All products."""

    @operation(
        "products.list",
        permission="product:read",
        criticality=Criticality.NORMAL,
        query=ProductFilter,
        answer=Page[ProductOut],
        summary=_("List products"),
    )
    def get(self, call: Call[None, ProductFilter]) -> dict[str, Any]:
        """Newest first, with variants, prices and translations."""
        found = queries.products(search=call.query.search or "", status=call.query.status or "")
        return paginate(found, call, complete=queries.with_parts, ordering=("-id",))

    @operation(
        "products.create",
        permission="product:create",
        criticality=Criticality.NORMAL,
        body=CreateProductBody,
        answer=ProductOut,
        status=201,
        errors=(DuplicateEntry, InvalidMoney),
        idempotent=True,
        summary=_("Create a product"),
        example={"name": "Tea", "sku": "TEA-1", "prices": [{"amount": 450, "currency": "USD"}], "on_hand": 20},
    )
    def post(self, call: Call[CreateProductBody, None]) -> dict[str, Any]:
        """A product with its SKUs, prices and first counts."""
        product = services.create_product(input=call.body.as_input(), context=call.context)
        return queries.get_product(product.pk)


class ProductDetail(Endpoint):
    """One product."""

    @operation(
        "products.retrieve",
        permission="product:read",
        criticality=Criticality.NORMAL,
        answer=ProductOut,
        errors=(NotFound,),
        summary=_("Retrieve a product"),
    )
    def get(self, call: Call[None, None], product_id: UUID) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """The product, its version as ETag."""
        return queries.get_product(product_id)

    @operation(
        "products.update",
        permission="product:update",
        criticality=Criticality.NORMAL,
        body=UpdateProductBody,
        answer=ProductOut,
        errors=(NotFound, VersionConflict, DuplicateEntry),
        summary=_("Update a product"),
    )
    def patch(self, call: Call[UpdateProductBody, None], product_id: UUID) -> dict[str, Any]:
        """Change the given members; with `If-Match` only the version that the caller has seen."""
        services.update_product(
            product_id=product_id, input=call.body.as_input(), context=call.context, expected_version=call.if_match
        )
        return queries.get_product(product_id)


class Prices(Endpoint):
    """Prices by SKU and currency."""

    @operation(
        "prices.set",
        permission="product:update",
        criticality=Criticality.NORMAL,
        body=PriceBody,
        answer=PriceOut,
        errors=(NotFound, InvalidMoney),
        summary=_("Set a price"),
    )
    def put(self, call: Call[PriceBody, None]) -> dict[str, Any]:
        """Set what one unit costs in a currency; safe to repeat."""
        given = call.body
        price = services.set_price(sku=given.sku, currency=given.currency, amount=given.amount, context=call.context)
        return {"sku": price.variant.sku, "price": price.money.as_dict()}
