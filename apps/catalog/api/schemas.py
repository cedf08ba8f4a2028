"""What the catalogue's endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from apps.catalog.models import StockLevel
from apps.catalog.services import CreateProduct, NewVariant, Translation, UpdateProduct
from apps.catalog.services.inputs import MAX_STOCK, MAX_VARIANTS
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Attributes
from rustok.api.money import Amount, Currency, MoneyBody, MoneyOut
from rustok.text import MULTILINE, NON_BLANK, ONE_LINE

Status = Literal["draft", "active", "archived"]
Sku = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NON_BLANK)]
Description = Annotated[str, StringConstraints(max_length=20_000, pattern=MULTILINE)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Location = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=NON_BLANK)]
Search = Annotated[str, StringConstraints(max_length=100, pattern=ONE_LINE)]
Reason = Annotated[str, StringConstraints(max_length=255, pattern=ONE_LINE)]
Quantity = Annotated[int, Field(ge=0, le=MAX_STOCK)]


class TranslationBody(Body):
    """The texts of a product in one locale."""

    locale: Locale
    name: Name
    description: Description = ""


class VariantBody(Body):
    """One SKU of a new product."""

    sku: Sku
    title: Annotated[str, StringConstraints(max_length=255, pattern=ONE_LINE)] = ""
    prices: Annotated[list[MoneyBody], Field(max_length=200)] = []
    on_hand: Quantity = 0

    def as_input(self) -> NewVariant:
        """The service's form; the last price of a currency counts."""
        prices = {price.currency: price.amount for price in self.prices}
        return NewVariant(sku=self.sku, title=self.title, prices=prices, on_hand=self.on_hand)


class CreateProductBody(Body):
    """A product with one SKU (`sku`, `prices`, `on_hand`), with `variants`, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["sku"], "properties": {"sku": {"type": "string"}}},
                {"required": ["variants"], "properties": {"variants": {"type": "array"}}},
            ]
        }
    )

    name: Name
    sku: Sku | None = None
    prices: Annotated[list[MoneyBody], Field(max_length=200)] = []
    on_hand: Quantity = 0
    variants: Annotated[list[VariantBody], Field(min_length=1, max_length=MAX_VARIANTS - 1)] | None = None
    description: Description = ""
    status: Status = "active"
    attributes: Attributes = {}
    translations: Annotated[list[TranslationBody], Field(max_length=50)] = []

    def as_input(self) -> CreateProduct:
        """The service's form."""
        own = [VariantBody(sku=self.sku, prices=self.prices, on_hand=self.on_hand)] if self.sku else []
        return CreateProduct(
            name=self.name,
            variants=[variant.as_input() for variant in [*own, *(self.variants or [])]],
            description=self.description,
            status=self.status,
            attributes=self.attributes,
            translations=[Translation(**text.model_dump()) for text in self.translations],
        )


class UpdateProductBody(Body):
    """The members to change. `translations` replaces all of them."""

    name: Name | None = None
    description: Description | None = None
    status: Status | None = None
    attributes: Attributes | None = None
    translations: Annotated[list[TranslationBody], Field(max_length=50)] | None = None

    def as_input(self) -> UpdateProduct:
        """The service's form."""
        texts = None
        if self.translations is not None:
            texts = [Translation(**text.model_dump()) for text in self.translations]
        return UpdateProduct(
            name=self.name,
            description=self.description,
            status=self.status,
            attributes=self.attributes,
            translations=texts,
        )


class PriceBody(Body):
    """What one unit of a SKU costs."""

    sku: Sku
    amount: Amount
    currency: Currency


class SetStockBody(Body):
    """The counted quantity of a SKU."""

    sku: Sku
    on_hand: Quantity
    location: Location = "main"
    low_stock_threshold: Quantity | None = None
    reason: Reason = ""


class AdjustStockBody(Body):
    """What was added to (positive) or taken from (negative) the shelf."""

    sku: Sku
    delta: Annotated[int, Field(ge=-MAX_STOCK, le=MAX_STOCK)]
    location: Location = "main"
    reason: Reason = ""


class ProductFilter(PageQuery):
    """`search` looks into names and at the beginning of SKUs."""

    search: Search | None = None
    status: Status | None = None


class StockFilter(PageQuery):
    """`low=true` keeps what is at or below its threshold."""

    sku: Sku | None = None
    location: Location | None = None
    low: bool = False


class VariantOut(Out):
    """A SKU with its prices."""

    id: UUID
    sku: str
    title: str
    prices: list[MoneyOut]


class TranslationOut(Out):
    """The texts in one locale."""

    locale: str
    name: str
    description: str


class ProductOut(Out):
    """A product."""

    id: UUID
    name: str
    description: str
    status: Status
    attributes: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    variants: list[VariantOut]
    translations: list[TranslationOut]


class PriceOut(Out):
    """A price of a SKU."""

    sku: str
    price: MoneyOut


class StockOut(Out):
    """What lies at a location; `available` is what is not promised to an order."""

    id: UUID
    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int
    low_stock_threshold: int
    updated_at: datetime


def stock_out(level: StockLevel) -> dict[str, Any]:
    """The answer's shape, see StockOut; the level's variant must be loaded."""
    return {
        "id": level.pk,
        "sku": level.variant.sku,
        "location": level.location,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "low_stock_threshold": level.low_stock_threshold,
        "updated_at": level.updated_at,
    }
