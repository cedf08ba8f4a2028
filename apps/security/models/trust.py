"""Signing keys, and how strict a shop is with requests. Both live in the schema of their tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity

HMAC_SHA256: Final = "hmac-sha256"
ED25519: Final = "ed25519"
ECDSA_P256: Final = "ecdsa-p256-sha256"
ALGORITHMS: Final = (HMAC_SHA256, ED25519, ECDSA_P256)
"""Names of the HTTP Signature Algorithms registry (RFC 9421 section 6.2)."""

OFF: Final = "off"
OPTIONAL: Final = "optional"
REQUIRED: Final = "required"
SIGNATURE_LABELS: Final = {
    OFF: _("ignored"),
    OPTIONAL: _("verified when there is one"),
    REQUIRED: _("required"),
}


class SigningKey(Entity):
    """A key that signs requests (RFC 9421), with permissions of its own.

    `material` is sealed: the shared secret of an HMAC key, which is shown once, or the caller's public key.
    """

    name = models.CharField(_("name"), max_length=200)
    key_id = models.CharField(_("key id"), max_length=32, unique=True, editable=False)
    algorithm = models.CharField(_("algorithm"), max_length=20, choices=[(name, name) for name in ALGORITHMS])
    material = models.BinaryField(editable=False)
    permissions = ArrayField(models.CharField(max_length=100), verbose_name=_("permissions"))
    created_by = models.CharField(_("created by"), max_length=200, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(algorithm__in=ALGORITHMS), name="security_signing_algorithm_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

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


class TrustPolicy(Entity):
    """How a shop treats requests; one row, none means the defaults. Rates are cost units in a minute."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    signatures = models.CharField(
        _("signatures"), max_length=10, choices=list(SIGNATURE_LABELS.items()), default=OPTIONAL
    )
    rate_per_tenant = models.PositiveIntegerField(_("rate of the shop"), null=True, blank=True)
    rate_per_key = models.PositiveIntegerField(_("rate of a credential"), null=True, blank=True)
    rate_per_route = models.PositiveIntegerField(_("rate on one route"), null=True, blank=True)
    allowed_origins = ArrayField(
        models.CharField(max_length=300), verbose_name=_("allowed origins"), default=list, blank=True
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        """At most one row in a schema."""

        verbose_name = _("trust policy")
        verbose_name_plural = _("trust policies")
        constraints = [
            models.CheckConstraint(condition=Q(only=True), name="security_trust_only"),
            models.CheckConstraint(condition=Q(signatures__in=list(SIGNATURE_LABELS)), name="security_trust_known"),
        ]

    def __str__(self) -> str:
        return str(SIGNATURE_LABELS[self.signatures])
