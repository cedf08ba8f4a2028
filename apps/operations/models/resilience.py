"""What people have decided against the machine, and the records of breakers when PostgreSQL keeps them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class Override(Entity):
    """One decision with its end. The newest that is neither over nor lifted holds; the older ones are history."""

    KIND_MODE, KIND_BREAKER = "mode", "breaker"

    kind = models.CharField(_("kind"), max_length=10)
    name = models.CharField(_("name"), max_length=300)
    value = models.CharField(_("value"), max_length=20)
    until = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=200)
    reason = models.CharField(_("reason"), max_length=255)
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        """Newest first."""

        db_table = "operations_override"
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        ordering = ("-decided_at",)
        indexes: ClassVar = [models.Index(fields=["kind", "name", "-decided_at"], name="operations_override_ix")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class BreakerRow(models.Model):
    """The record of one sick breaker; healthy ones have none. Written by `apps.operations.breakers` only."""

    key = models.CharField(primary_key=True, max_length=300, editable=False)
    record = models.BinaryField(editable=False)

    class Meta:
        """Used when `RUSTOK_BREAKER_STORE` is postgresql."""

        db_table = "operations_breaker"
