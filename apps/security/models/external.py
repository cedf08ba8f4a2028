"""Accounts at an OpenID provider, and whose they are here."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.security.models.users import User
from rustok.db.ids import Entity


class ExternalIdentity(Entity):
    """One account of one provider. Known by (issuer, subject) and nothing else: addresses and names change hands."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, editable=False, related_name="+")
    issuer = models.CharField(_("issuer"), max_length=255, editable=False)
    subject = models.CharField(_("subject"), max_length=255, editable=False)
    linked_at = models.DateTimeField(_("linked"), auto_now_add=True, editable=False)
    seen_at = models.DateTimeField(_("last sign-in"), editable=False)

    class Meta:
        """One person here per account there."""

        verbose_name = _("external account")
        verbose_name_plural = _("external accounts")
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="security_external_subject_uq"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.issuer})"

    def seen(self, *, at: datetime) -> None:
        """Note a sign-in."""
        self.seen_at = at
        self.save(update_fields=["seen_at"])
