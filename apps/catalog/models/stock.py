"""Stock per variant and location, what is promised of it, and the ledger of what came and went.

The invariant `0 <= reserved <= on_hand` is a constraint of the database: whoever writes, by whatever door, nothing is
sold twice.
"""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models.product import Variant
from rustok.db.ids import Entity

MAIN_LOCATION: Final = "main"
DEFAULT_LOW_STOCK: Final = 5


class StockLevel(Entity):
    """How much of a variant lies at a location, and how much of that is promised."""

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="levels", db_index=False)
    location = models.CharField(_("location"), max_length=32, default=MAIN_LOCATION)
    on_hand = models.BigIntegerField(_("on hand"), default=0)
    reserved = models.BigIntegerField(_("reserved"), default=0)
    low_stock_threshold = models.BigIntegerField(_("low stock threshold"), default=DEFAULT_LOW_STOCK)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        """The database refuses an oversell."""

        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(name="stock_once_per_location", fields=["variant", "location"]),
            models.CheckConstraint(name="stock_on_hand_not_negative", condition=Q(on_hand__gte=0)),
            models.CheckConstraint(name="stock_reserved_not_negative", condition=Q(reserved__gte=0)),
            models.CheckConstraint(name="stock_not_oversold", condition=Q(reserved__lte=F("on_hand"))),
            models.CheckConstraint(name="stock_threshold_not_negative", condition=Q(low_stock_threshold__gte=0)),
        ]

    def __str__(self) -> str:
        """What is free, of what."""
        return f"{self.available} of {self.on_hand}"

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.on_hand - self.reserved


class ReservationStatus(models.TextChoices):
    """What became of a promise."""

    HELD = "held", _("Held")
    COMMITTED = "committed", _("Committed")
    RELEASED = "released", _("Released")
    RETURNED = "returned", _("Returned")


class Reservation(Entity):
    """A quantity promised to something (`reference`: an order, later a cart), until it is shipped or let go."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="reservations", db_index=False)
    reference = models.UUIDField(_("reference"))
    quantity = models.BigIntegerField(_("quantity"))
    status = models.CharField(_("status"), max_length=16, choices=ReservationStatus, default=ReservationStatus.HELD)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        """Found by reference, and by expiry while held."""

        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.UniqueConstraint(name="reservation_once_per_reference", fields=["reference", "level"]),
            models.CheckConstraint(name="reservation_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="reservation_status", condition=Q(status__in=ReservationStatus.values)),
            models.CheckConstraint(
                name="reservation_closed_or_held", condition=Q(status="held", closed_at=None) | ~Q(status="held")
            ),
        ]
        indexes = [
            models.Index(
                name="reservation_expiry", fields=["expires_at"], condition=Q(status="held", expires_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        """How much, and what became of it."""
        return f"{self.quantity} {self.status}"


class MovementKind(models.TextChoices):
    """Why the quantity on hand changed."""

    SET = "set", _("Counted")
    ADJUST = "adjust", _("Adjusted")
    SHIP = "ship", _("Shipped")
    RETURN = "return", _("Returned")


class StockMovement(Entity):
    """One line of the stock ledger; never changed."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="movements")
    kind = models.CharField(_("kind"), max_length=16, choices=MovementKind)
    delta = models.BigIntegerField(_("delta"))
    on_hand = models.BigIntegerField(_("on hand afterwards"))
    reference = models.UUIDField(_("reference"), null=True, blank=True)
    actor = models.CharField(_("actor"), max_length=128)
    reason = models.CharField(_("reason"), max_length=255, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        """Read per level, newest first."""

        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [models.CheckConstraint(name="movement_kind", condition=Q(kind__in=MovementKind.values))]

    def __str__(self) -> str:
        """What happened."""
        return f"{self.kind} {self.delta:+d}"
