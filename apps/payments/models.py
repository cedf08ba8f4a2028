"""What was captured for an order, and what of it went back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity
from rustok.money import MAX_MINOR


class PaymentStatus(models.TextChoices):
    """Where a payment stands."""

    CAPTURED = "captured", _("Captured")
    PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
    REFUNDED = "refunded", _("Refunded")


class Payment(Entity):
    """Money taken for one order. `refunded` counts what has gone back or is on its way (minor units)."""

    order_id = models.UUIDField(_("order"), db_index=True)
    provider = models.CharField(_("provider"), max_length=32)
    provider_reference = models.CharField(_("provider's reference"), max_length=128, blank=True, default="")
    currency = models.CharField(_("currency"), max_length=3)
    captured = models.BigIntegerField(_("captured, minor units"))
    refunded = models.BigIntegerField(_("refunded, minor units"), default=0)
    status = models.CharField(_("status"), max_length=24, choices=PaymentStatus, default=PaymentStatus.CAPTURED)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        """The database refuses to give back more than was taken."""

        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(
                name="payment_captured_in_range", condition=Q(captured__gte=0, captured__lte=MAX_MINOR)
            ),
            models.CheckConstraint(name="payment_refunded_not_negative", condition=Q(refunded__gte=0)),
            models.CheckConstraint(name="payment_not_overrefunded", condition=Q(refunded__lte=F("captured"))),
            models.CheckConstraint(name="payment_status", condition=Q(status__in=PaymentStatus.values)),
        ]

    def __str__(self) -> str:
        """The provider's word for it."""
        return f"{self.provider} {self.provider_reference or self.pk}"

    @property
    def remaining(self) -> int:
        """What can still be refunded, in minor units."""
        return self.captured - self.refunded


class Refund(Entity):
    """Money given back from one payment."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField(_("amount, minor units"))
    provider_reference = models.CharField(_("provider's reference"), max_length=128, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=255, blank=True, default="")
    actor = models.CharField(_("actor"), max_length=128)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        """A refund gives something back."""

        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [models.CheckConstraint(name="refund_amount_positive", condition=Q(amount__gt=0))]

    def __str__(self) -> str:
        """The amount in minor units."""
        return str(self.amount)
