"""Creating and changing products and their prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.events import PriceChanged, ProductCreated, ProductUpdated
from apps.catalog.models import (
    MovementKind,
    Price,
    Product,
    ProductTranslation,
    StockLevel,
    StockMovement,
    Variant,
)
from apps.catalog.services.inputs import (
    CreateProduct,
    Translation,
    UpdateProduct,
    checked_create,
    checked_price,
    checked_translations,
    checked_update,
)
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.constraints import unique
from rustok.db.transactions import transactional, unit_of_work
from rustok.errors.families import NotFound, VersionConflict
from rustok.policy import require
from rustok.telemetry import traced


@traced("catalog.create_product")
def create_product(*, input: CreateProduct, context: ExecutionContext) -> Product:
    """Create a product with its variants, prices, translations and first counts. Needs `product:create`.

    Raises InvalidInput, InvalidMoney, DuplicateEntry (a SKU that exists).
    """
    return create_products(inputs=[input], context=context)[0]


def create_products(*, inputs: Sequence[CreateProduct], context: ExecutionContext) -> list[Product]:
    """Create many products, all or none, in a fixed number of statements. Needs `product:create`."""
    require(context, "product:create")
    given = [checked_create(item) for item in inputs]
    now = timezone.now()
    with unit_of_work() as uow:
        products = [_product(item, now) for item in given]
        Product.objects.bulk_create(products)
        _write_variants(products, given, context, now)
        ProductTranslation.objects.bulk_create(
            text for product, item in zip(products, given, strict=True) for text in _texts(product, item.translations)
        )
        for product, item in zip(products, given, strict=True):
            skus = tuple(variant.sku for variant in item.variants)
            fact = ProductCreated(product_id=product.pk, name=product.name, status=product.status, skus=skus)
            uow.record(fact, new_stream=True)
            uow.audit(AuditEntry(action="product:create", target=str(product.pk), details={"skus": list(skus)}))
    return products


@transactional
def update_product(
    *, product_id: UUID, input: UpdateProduct, context: ExecutionContext, expected_version: int | None = None
) -> Product:
    """Change texts, attributes or status. Needs `product:update`.

    Raises NotFound, VersionConflict (another version than the expected one), InvalidInput.
    """
    require(context, "product:update")
    changes = checked_update(input)
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound(resource=_("product"))
    if expected_version is not None and product.version != expected_version:
        raise VersionConflict(resource=_("product"), current=product.version)
    changed = [name for name, value in changes.items() if getattr(product, name) != value]
    if input.translations is not None:
        product.translations.all().delete()
        ProductTranslation.objects.bulk_create(_texts(product, checked_translations(input.translations)))
        changed.append("translations")
    if changed:
        _save_changes(product, {name: changes[name] for name in changed if name in changes}, changed)
    return product


@traced("catalog.set_price")
@transactional
def set_price(*, sku: str, currency: str, amount: int, context: ExecutionContext) -> Price:
    """Set what one unit costs in a currency, in minor units. Needs `product:update`.

    Raises NotFound (unknown SKU), InvalidMoney, InvalidInput (negative, too large, no whole number).
    """
    require(context, "product:update")
    checked_price(currency, amount)
    variant = Variant.objects.select_for_update(no_key=True).filter(sku=sku).first()
    if variant is None:
        raise NotFound(resource=_("SKU"))
    price = Price.objects.filter(variant=variant, currency=currency).first()
    previous = None if price is None else price.amount
    if price is None:
        price = Price.objects.create(variant=variant, currency=currency, amount=amount)
    elif previous != amount:
        price.amount = amount
        price.save(update_fields=["amount"])
    if previous != amount:
        with unit_of_work() as uow:
            uow.record(
                PriceChanged(
                    product_id=variant.product_id, sku=sku, currency=currency, amount=amount, previous=previous
                )
            )
            details = {"sku": sku, "currency": currency, "amount": amount, "previous": previous}
            uow.audit(AuditEntry(action="product:set_price", target=str(variant.product_id), details=details))
    return price


def _product(item: CreateProduct, now: datetime) -> Product:
    return Product(
        name=item.name,
        description=item.description,
        status=item.status,
        attributes=dict(item.attributes),
        created_at=now,
        updated_at=now,
    )


def _texts(product: Product, translations: Sequence[Translation]) -> list[ProductTranslation]:
    return [
        ProductTranslation(product=product, locale=text.locale, name=text.name, description=text.description)
        for text in translations
    ]


def _write_variants(
    products: list[Product], given: list[CreateProduct], context: ExecutionContext, now: datetime
) -> None:
    variants, prices, levels, movements = [], [], [], []
    for product, item in zip(products, given, strict=True):
        for position, new in enumerate(item.variants):
            variant = Variant(product=product, sku=new.sku, title=new.title, position=position)
            level = StockLevel(variant=variant, on_hand=new.on_hand, updated_at=now)
            variants.append(variant)
            levels.append(level)
            prices += [Price(variant=variant, currency=code, amount=amount) for code, amount in new.prices.items()]
            if new.on_hand:
                movements.append(_first_count(level, context, now))
    with unique("SKU", ", ".join(variant.sku for variant in variants[:5])):
        Variant.objects.bulk_create(variants)
    Price.objects.bulk_create(prices)
    StockLevel.objects.bulk_create(levels)
    StockMovement.objects.bulk_create(movements)


def _first_count(level: StockLevel, context: ExecutionContext, now: datetime) -> StockMovement:
    return StockMovement(
        level=level,
        kind=MovementKind.SET,
        delta=level.on_hand,
        on_hand=level.on_hand,
        actor=context.actor.reference,
        at=now,
    )


def _save_changes(product: Product, changes: dict[str, object], changed: list[str]) -> None:
    for name, value in changes.items():
        setattr(product, name, value)
    product.version += 1
    product.updated_at = timezone.now()
    product.save(update_fields=[*changes, "version", "updated_at"])
    with unit_of_work() as uow:
        fields = tuple(changed)
        uow.record(ProductUpdated(product_id=product.pk, name=product.name, status=product.status, changed=fields))
        uow.audit(AuditEntry(action="product:update", target=str(product.pk), details={"changed": changed}))
