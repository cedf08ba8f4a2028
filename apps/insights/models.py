"""The rows of the read models. Written by the projections of this app, read through `queries`, never by hand.

Every row belongs to a build (`apps.events.projections`). Days are days in UTC: a tenant has no time zone of its own.
Amounts are in minor units of their row's currency and never added across currencies.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class Row(Entity):
    """A row of one build."""

    build = models.UUIDField(editable=False)

    class Meta:
        """Abstract: adds the build only."""

        abstract = True


class SalesDay(Row):
    """What was ordered on a day in one currency, and what is left: `net` = gross - cancelled - refunded.

    Cancellations and refunds count on the day of the order that they undo. `cancelled` leaves out what had been
    refunded before, so that no money is taken off twice.
    """

    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    orders = models.BigIntegerField(_("orders"))
    cancelled_orders = models.BigIntegerField(_("cancelled orders"))
    gross = models.BigIntegerField(_("ordered, minor units"))
    cancelled = models.BigIntegerField(_("cancelled, minor units"))
    refunded = models.BigIntegerField(_("refunded, minor units"))
    net = models.BigIntegerField(_("net, minor units"))

    class Meta:
        """One row per day and currency."""

        verbose_name = _("sales of a day")
        verbose_name_plural = _("sales per day")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["build", "day", "currency"], name="insights_sales_day_uq")
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.currency}"


class ProductDay(Row):
    """What was sold of a SKU on a day, in one currency; cancelled orders excluded. `name` is as on the latest order.

    Refunds are amounts of an order, not of its lines: they are not in here.
    """

    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    quantity = models.BigIntegerField(_("pieces"))
    revenue = models.BigIntegerField(_("revenue, minor units"))
    position = models.BigIntegerField(editable=False)

    class Meta:
        """One row per day, currency and SKU."""

        verbose_name = _("sales of a product")
        verbose_name_plural = _("sales per product")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["build", "day", "currency", "sku"], name="insights_product_day_uq")
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.sku} {self.currency}"


class StockDay(Row):
    """What came to a shelf and left it on a day, by kind. `on_hand` is the latest count, if one was told.

    `ship` comes from orders that left, the others from counts, corrections and returns.
    """

    day = models.DateField(_("day"))
    sku = models.CharField(_("SKU"), max_length=64)
    location = models.CharField(_("location"), max_length=32)
    kind = models.CharField(_("kind"), max_length=16)
    movements = models.BigIntegerField(_("movements"))
    received = models.BigIntegerField(_("received"))
    removed = models.BigIntegerField(_("removed"))
    on_hand = models.BigIntegerField(_("on hand"), null=True)
    position = models.BigIntegerField(editable=False)

    class Meta:
        """One row per day, place and kind."""

        verbose_name = _("stock movements of a day")
        verbose_name_plural = _("stock movements per day")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["build", "day", "sku", "location", "kind"], name="insights_stock_day_uq")
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.sku} {self.location} {self.kind}"


class CustomerValue(Row):
    """What a customer's orders add up to in one currency; columns as in SalesDay. No personal data."""

    customer_id = models.UUIDField(_("customer"))
    currency = models.CharField(_("currency"), max_length=3)
    orders = models.BigIntegerField(_("orders"))
    cancelled_orders = models.BigIntegerField(_("cancelled orders"))
    gross = models.BigIntegerField(_("ordered, minor units"))
    cancelled = models.BigIntegerField(_("cancelled, minor units"))
    refunded = models.BigIntegerField(_("refunded, minor units"))
    net = models.BigIntegerField(_("net, minor units"))
    first_order_at = models.DateTimeField(_("first order"))
    last_order_at = models.DateTimeField(_("last order"))

    class Meta:
        """One row per customer and currency; listed by value."""

        verbose_name = _("customer value")
        verbose_name_plural = _("customer values")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["build", "customer_id", "currency"], name="insights_customer_value_uq")
        ]
        indexes: ClassVar = [
            models.Index(fields=["build", "-net", "customer_id", "currency"], name="insights_customer_net_ix")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.currency}"


class StatusCount(Row):
    """How many orders are in a status."""

    status = models.CharField(_("status"), max_length=12)
    orders = models.BigIntegerField(_("orders"))

    class Meta:
        """One row per status that an order ever had."""

        verbose_name = _("orders in a status")
        verbose_name_plural = _("orders by status")
        constraints: ClassVar = [models.UniqueConstraint(fields=["build", "status"], name="insights_status_count_uq")]

    def __str__(self) -> str:
        return self.status
