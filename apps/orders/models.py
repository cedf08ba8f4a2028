"""Carts; orders, their lines (a snapshot of what was bought, for how much) and the history of their moves."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.orders.errors import CartClosed, CartExpired, OrderAlreadyProcessed
from apps.orders.states import CART, EXPIRED, ORDER
from rustok.db.ids import Entity
from rustok.money import MAX_MINOR, Money

MAX_QUANTITY: Final = 1_000_000
MAX_LINES: Final = 500
_TIMES: Final = ("confirmed_at", "paid_at", "shipped_at", "delivered_at", "cancelled_at")


class OrderStatus(models.TextChoices):
    """The states of `apps.orders.states.ORDER`, with names for people."""

    PENDING = "pending", _("Pending")
    CONFIRMED = "confirmed", _("Confirmed")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


class PaymentState(models.TextChoices):
    """What the payments say about an order."""

    UNPAID = "unpaid", _("Unpaid")
    PAID = "paid", _("Paid")
    PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
    REFUNDED = "refunded", _("Refunded")


def _times_of(status: str, *passed: str) -> Q:
    """In this status exactly these moments are known."""
    return Q(status=status, **{f"{name}__isnull": name not in passed for name in _TIMES})


class Order(Entity):
    """One purchase. `total` is in minor units of `currency`; identity, currency and total never change."""

    number = models.CharField(_("number"), max_length=20)
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    external_id = models.CharField(_("external id"), max_length=64, null=True, blank=True)  # noqa: DJ001 - unique when given
    currency = models.CharField(_("currency"), max_length=3)
    total = models.BigIntegerField(_("total, minor units"))
    status = models.CharField(_("status"), max_length=16, choices=OrderStatus, default=OrderStatus.PENDING)
    payment_status = models.CharField(
        _("payment status"), max_length=24, choices=PaymentState, default=PaymentState.UNPAID
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    carrier = models.CharField(_("carrier"), max_length=64, blank=True, default="")
    tracking = models.CharField(_("tracking"), max_length=128, blank=True, default="")
    placed_at = models.DateTimeField(_("placed at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        """The database ties status, moments and money together; the moves are guarded by a trigger."""

        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(name="order_number", fields=["number"]),
            models.UniqueConstraint(name="order_external_id", fields=["external_id"]),
            models.CheckConstraint(name="order_total_in_range", condition=Q(total__gte=0, total__lte=MAX_MINOR)),
            models.CheckConstraint(name="order_payment_status", condition=Q(payment_status__in=PaymentState.values)),
            models.CheckConstraint(
                name="order_paid_when_paid",
                condition=Q(payment_status="unpaid", paid_at__isnull=True)
                | (~Q(payment_status="unpaid") & Q(paid_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="order_status_and_times",
                condition=_times_of("pending")
                | _times_of("confirmed", *_TIMES[:1])
                | _times_of("paid", *_TIMES[:2])
                | _times_of("shipped", *_TIMES[:3])
                | _times_of("delivered", *_TIMES[:4])
                | Q(status="cancelled", cancelled_at__isnull=False, delivered_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="order_placed_at", fields=["placed_at"]),
            models.Index(name="order_status_id", fields=["status", "id"]),
        ]

    def __str__(self) -> str:
        """The number that people use."""
        return self.number

    @property
    def money(self) -> Money:
        """The total as money."""
        return Money(self.total, self.currency)

    @cached_property
    def loaded_lines(self) -> list[OrderLine]:
        """The lines; free of a statement where a query prefetched them or a service has just written them."""
        return list(self.lines.all())

    def check_move(self, target: str) -> None:
        """Raise OrderAlreadyProcessed (the step is past, or life is over) or IllegalTransition (it is too early)."""
        if self.status in ORDER.terminal or getattr(self, f"{target}_at") is not None:
            raise OrderAlreadyProcessed(number=self.number, status=str(self.get_status_display()).lower())
        ORDER.check(self.status, target)

    def move(self, target: str, *, at: datetime) -> None:
        """Take the step, in memory; raises like `check_move`."""
        self.check_move(target)
        self.status = target
        setattr(self, f"{target}_at", at)


class OrderLine(Entity):
    """What was bought: SKU and name as they were, quantity, and price in minor units."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    position = models.PositiveSmallIntegerField(_("position"))
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    quantity = models.BigIntegerField(_("quantity"))
    unit_price = models.BigIntegerField(_("unit price, minor units"))
    total = models.BigIntegerField(_("total, minor units"))

    class Meta:
        """Quantity is positive and the total is the product."""

        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="order_line_position", fields=["order", "position"]),
            models.CheckConstraint(name="order_line_quantity", condition=Q(quantity__gt=0, quantity__lte=MAX_QUANTITY)),
            models.CheckConstraint(name="order_line_unit_price", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(name="order_line_total", condition=Q(total=F("quantity") * F("unit_price"))),
        ]

    def __str__(self) -> str:
        """How many of what."""
        return f"{self.quantity} × {self.sku}"


class OrderTransition(Entity):
    """One step of an order's life: who did what, when and why. Never changed."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="transitions", db_index=False)
    action = models.CharField(_("action"), max_length=16)
    source = models.CharField(_("from"), max_length=16, blank=True, default="")
    target = models.CharField(_("to"), max_length=16)
    version = models.PositiveIntegerField(_("version"))
    actor = models.CharField(_("actor"), max_length=128)
    reason = models.CharField(_("reason"), max_length=255, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        """One row per version of the order."""

        verbose_name = _("order transition")
        verbose_name_plural = _("order transitions")
        ordering = ["version"]
        constraints = [models.UniqueConstraint(name="order_transition_version", fields=["order", "version"])]

    def __str__(self) -> str:
        """The move."""
        return f"{self.action}: {self.source} → {self.target}"


class CartStatus(models.TextChoices):
    """The states of `apps.orders.states.CART`, with names for people."""

    OPEN = "open", _("Open")
    CHECKED_OUT = "checked_out", _("Checked out")
    EXPIRED = "expired", _("Expired")


class CheckoutFlow(models.TextChoices):
    """When the goods of a cart are reserved. Decided once, when the cart is made, by the flag `new-checkout-flow`."""

    CART = "cart", _("Reserve at cart")
    ORDER = "order", _("Reserve at order")


class Cart(Entity):
    """What somebody is about to buy. Prices are asked for at checkout; `expires_at` moves with every change."""

    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    currency = models.CharField(_("currency"), max_length=3)
    flow = models.CharField(_("checkout flow"), max_length=8, choices=CheckoutFlow)
    status = models.CharField(_("status"), max_length=16, choices=CartStatus, default=CartStatus.OPEN)
    version = models.PositiveIntegerField(_("version"), default=1)
    order = models.OneToOneField(
        Order, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("changed at"))
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        """A cart has an order exactly when it is checked out."""

        verbose_name = _("cart")
        verbose_name_plural = _("carts")
        constraints = [
            models.CheckConstraint(name="cart_flow", condition=Q(flow__in=CheckoutFlow.values)),
            models.CheckConstraint(
                name="cart_order_when_checked_out",
                condition=Q(status="checked_out", order__isnull=False)
                | Q(status__in=["open", "expired"], order__isnull=True),
            ),
        ]
        indexes = [models.Index(name="cart_expiry", fields=["expires_at"], condition=Q(status="open"))]

    def __str__(self) -> str:
        """The key: a cart has no number."""
        return str(self.pk)

    @cached_property
    def loaded_lines(self) -> list[CartLine]:
        """The lines in the order in which they came; free of a statement where a query prefetched them."""
        return list(self.lines.all())

    @property
    def holds_goods(self) -> bool:
        """Whether its goods are reserved while it is open."""
        return self.flow == CheckoutFlow.CART

    def check_open(self, *, at: datetime) -> None:
        """Raise CartClosed or CartExpired unless it can still change."""
        if self.status == CartStatus.CHECKED_OUT:
            raise CartClosed
        if self.status == EXPIRED or self.expires_at <= at:
            raise CartExpired

    def touch(self, *, at: datetime, expires_at: datetime) -> None:
        """A change at this moment: one more version, and a new end."""
        self.version += 1
        self.updated_at, self.expires_at = at, expires_at
        self.save(update_fields=["version", "updated_at", "expires_at"])

    def close(self, target: str, *, at: datetime, order: Order | None = None) -> None:
        """End its life; raises IllegalTransition unless it is open."""
        CART.check(self.status, target)
        self.status, self.order, self.updated_at = target, order, at
        self.version += 1
        self.save(update_fields=["status", "order", "version", "updated_at"])


class CartLine(Entity):
    """So many of a SKU."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines", db_index=False)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    sku = models.CharField(_("SKU"), max_length=64)
    quantity = models.BigIntegerField(_("quantity"))

    class Meta:
        """Each variant once."""

        verbose_name = _("cart line")
        verbose_name_plural = _("cart lines")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="cart_line_variant", fields=["cart", "variant"]),
            models.CheckConstraint(name="cart_line_quantity", condition=Q(quantity__gt=0, quantity__lte=MAX_QUANTITY)),
        ]

    def __str__(self) -> str:
        """How many of what."""
        return f"{self.quantity} × {self.sku}"
