"""API keys. Only a hash of the secret is kept; the key is shown once, when it is made.

A key reads `rk_<prefix>_<secret>`: the prefix finds the row, the secret has 256 random bits, so a plain SHA-256
suffices (slow hashes protect guessable passwords). The row lives in the schema of its tenant: elsewhere the key does
not exist.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.operations.owners import remember_owner
from rustok.db.ids import Entity


class ApiKey(Entity):
    """A credential of a program, with permissions of its own."""

    name = models.CharField(_("name"), max_length=200)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    secret_hash = models.BinaryField(max_length=32, editable=False)
    permissions = ArrayField(models.CharField(max_length=100), verbose_name=_("permissions"))
    allowed_networks = ArrayField(
        models.CharField(max_length=43), verbose_name=_("allowed networks"), default=list, blank=True
    )
    created_by = models.CharField(_("created by"), max_length=200, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} (rk_{self.prefix}…)"

    def save(self, *args: Any, **options: Any) -> None:
        """Store the row; a new key's handle is noted with its owner."""
        is_new = self._state.adding
        super().save(*args, **options)
        if is_new:
            remember_owner(f"rk_{self.prefix}")

    def revoke(self, *, at: datetime) -> None:
        """Refuse the key from now on; a second time changes nothing."""
        if self.revoked_at is None:
            self.revoked_at = at
            self.save(update_fields=["revoked_at"])

    def retire(self, *, at: datetime) -> None:
        """Let the key end at a moment, unless it ends before."""
        if self.expires_at is None or self.expires_at > at:
            self.expires_at = at
            self.save(update_fields=["expires_at"])
