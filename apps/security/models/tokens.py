"""Families of service tokens. Access tokens are stored nowhere; of refresh tokens only the SHA-256 is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.security.models.keys import ApiKey
from apps.security.models.users import User
from rustok.db.ids import Entity

REVOKED: Final = "revoked"
REUSED: Final = "reused"
"""Why a family ended before its time: somebody asked for it, or an old refresh token came back."""


class TokenFamily(Entity):
    """What grew out of one exchange: one session of a program or a person. Ends with its parent, or when told to.

    `expires_at` is the end of the refresh token that is good now, `ends_at` the last day of the family however often
    it is refreshed. `stamp` follows the parent's password, so that a new one ends what the old one opened.
    """

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, editable=False, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, editable=False, related_name="+")
    label = models.CharField(_("name"), max_length=200, editable=False)
    permissions = ArrayField(models.CharField(max_length=100), verbose_name=_("permissions"), editable=False)
    stamp = models.BinaryField(max_length=32, default=b"", editable=False)
    address = models.CharField(_("address"), max_length=45, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    refreshed_at = models.DateTimeField(_("last refreshed"), editable=False)
    expires_at = models.DateTimeField(_("expires"), editable=False)
    ends_at = models.DateTimeField(_("ends"), editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_for = models.CharField(_("reason"), max_length=16, blank=True, editable=False)

    class Meta:
        """Newest first; swept by the end."""

        verbose_name = _("service token")
        verbose_name_plural = _("service tokens")
        ordering = ("-id",)
        indexes = [models.Index(fields=["expires_at"], name="security_family_end_ix")]
        constraints = [
            models.CheckConstraint(
                condition=Q(api_key=None, user__isnull=False) | Q(api_key__isnull=False, user=None),
                name="security_family_one_parent",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def parent(self) -> str:
        """`kind:id` of whom the tokens stand for; the same reference that the parent itself acts under."""
        return f"user:{self.user_id}" if self.user_id else f"api_key:{self.api_key_id}"

    def revoke(self, *, at: datetime, reason: str = REVOKED) -> bool:
        """Refuse every token of the family from now on; whether that changed anything."""
        if self.revoked_at is not None:
            return False
        self.revoked_at, self.revoked_for = at, reason
        self.save(update_fields=["revoked_at", "revoked_for"])
        return True

    def refreshed(self, *, at: datetime, until: datetime, address: str) -> None:
        """Note a rotation: the new refresh token is good until `until`."""
        self.refreshed_at, self.expires_at, self.address = at, until, address[:45]
        self.save(update_fields=["refreshed_at", "expires_at", "address"])


class RefreshToken(Entity):
    """One refresh token of a family. Used ones stay for as long as the family does: their return is the alarm."""

    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, editable=False, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    expires_at = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        """No page shows it."""

        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return str(self.pk)

    def use(self, *, at: datetime) -> None:
        """Good no more."""
        self.used_at = at
        self.save(update_fields=["used_at"])
