"""Products, their variants (what has a SKU, a price and stock), translations and prices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity
from rustok.money import MAX_MINOR, Money


class ProductStatus(models.TextChoices):
    """Whether a product can be bought: only an active one can."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    ARCHIVED = "archived", _("Archived")


class Product(Entity):
    """What the shop shows. `name` and `description` are in the tenant's default locale."""

    name = models.CharField(_("name"), max_length=255)
    description = models.TextField(_("description"), blank=True, default="")
    status = models.CharField(_("status"), max_length=16, choices=ProductStatus, default=ProductStatus.DRAFT)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        """Status is one of the three, in the database too."""

        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(name="product_status", condition=Q(status__in=ProductStatus.values)),
            models.CheckConstraint(name="product_name_given", condition=~Q(name="")),
        ]
        indexes = [models.Index(name="product_status_id", fields=["status", "id"])]

    def __str__(self) -> str:
        """The name."""
        return self.name


class ProductTranslation(Entity):
    """The texts of a product in one more locale."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="translations", db_index=False)
    locale = models.CharField(_("locale"), max_length=16)
    name = models.CharField(_("name"), max_length=255)
    description = models.TextField(_("description"), blank=True, default="")

    class Meta:
        """One text per locale."""

        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        constraints = [models.UniqueConstraint(name="translation_once_per_locale", fields=["product", "locale"])]

    def __str__(self) -> str:
        """The name with its locale."""
        return f"{self.name} ({self.locale})"


class Variant(Entity):
    """The stock-keeping unit: what an order line refers to. `title` is empty for a product's only variant."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField(_("SKU"), max_length=64)
    title = models.CharField(_("title"), max_length=255, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        """In the order in which the shop shows them."""

        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="variant_sku", fields=["sku"]),
            models.CheckConstraint(name="variant_sku_given", condition=~Q(sku="")),
        ]

    def __str__(self) -> str:
        """The SKU."""
        return self.sku


class Price(Entity):
    """What one unit costs in one currency, in minor units."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="prices", db_index=False)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount, minor units"))

    class Meta:
        """One price per currency, never negative."""

        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["currency"]
        constraints = [
            models.UniqueConstraint(name="price_once_per_currency", fields=["variant", "currency"]),
            models.CheckConstraint(name="price_in_range", condition=Q(amount__gte=0, amount__lte=MAX_MINOR)),
        ]

    def __str__(self) -> str:
        """The amount for people."""
        return str(self.money)

    @property
    def money(self) -> Money:
        """The price as money."""
        return Money(self.amount, self.currency)
