"""How people prove who they are: second factors, sessions, counted attempts, and visits of operators to a shop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.security.models.trust import OFF, OPTIONAL, REQUIRED
from apps.security.models.users import User
from rustok.db.ids import Entity

TOTP: Final = "totp"
PASSKEY: Final = "passkey"
FACTOR_LABELS: Final = {TOTP: _("authenticator app"), PASSKEY: _("passkey")}
SECOND_FACTOR_LABELS: Final = {
    OFF: _("not offered"),
    OPTIONAL: _("optional"),
    REQUIRED: _("required"),
}
LOOK: Final = "look"
ACT: Final = "act"
LEVEL_LABELS: Final = {LOOK: _("look only"), ACT: _("act as an administrator")}


class Factor(Entity):
    """Something that a person has beside the password: an authenticator app (RFC 6238) or a passkey (WebAuthn).

    `material` is the sealed shared secret of an app, or the public key of a passkey (COSE). `counter` only grows: the
    last time step that was accepted, or the passkey's signature counter. A passkey works on the host it was made on.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="factors", editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=list(FACTOR_LABELS.items()), editable=False)
    name = models.CharField(_("name"), max_length=100)
    material = models.BinaryField(editable=False)
    credential = models.BinaryField(max_length=1023, null=True, editable=False)
    host = models.CharField(max_length=253, blank=True, editable=False)
    counter = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        """Oldest first: the order in which a person added them."""

        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(FACTOR_LABELS)), name="security_factor_kind_known"),
            models.UniqueConstraint(fields=["credential"], name="security_factor_credential_uq"),
        ]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(Entity):
    """A way in when every factor is lost, once. 80 random bits, so a plain SHA-256 suffices."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes", editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        """No page shows them; the account's page counts them."""

        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="security_recovery_code_uq")]


class ConsoleSession(Entity):
    """One browser in one console. Only a hash of the cookie is kept; deleting the row ends the session at once."""

    key_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="console_sessions", editable=False)
    visit_id = models.UUIDField(null=True, editable=False)
    data = models.TextField(editable=False)
    method = models.CharField(_("signed in by"), max_length=20, blank=True, editable=False)
    address = models.CharField(_("address"), max_length=45, blank=True, editable=False)
    device = models.CharField(_("device"), max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("signed in"), editable=False)
    seen_at = models.DateTimeField(_("last seen"), editable=False)
    expires_at = models.DateTimeField(_("ends"), db_index=True, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.user or self.method} ({self.address})"

    def is_over(self, *, at: datetime, idle: timedelta) -> bool:
        """Whether it has reached its end, or nobody has used it for too long."""
        return at >= self.expires_at or at - self.seen_at >= idle


class SignInCounter(Entity):
    """Attempts to sign in under one name, from one address or one device; `key` is a hash of which.

    An attempt is counted before the password is looked at, so that parallel ones cannot slip through.
    """

    key = models.BinaryField(max_length=32, unique=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    last_at = models.DateTimeField(db_index=True, editable=False)
    blocked_until = models.DateTimeField(null=True, editable=False)


class IdentityPolicy(Entity):
    """What a console asks of people who sign in; one row, none means the defaults."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    second_factor = models.CharField(
        _("second factor"), max_length=10, choices=list(SECOND_FACTOR_LABELS.items()), default=OPTIONAL
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        """At most one row in a schema."""

        verbose_name = _("sign-in policy")
        verbose_name_plural = _("sign-in policies")
        constraints = [
            models.CheckConstraint(condition=Q(only=True), name="security_identity_only"),
            models.CheckConstraint(
                condition=Q(second_factor__in=list(SECOND_FACTOR_LABELS)), name="security_identity_known"
            ),
        ]

    def __str__(self) -> str:
        return str(SECOND_FACTOR_LABELS[self.second_factor])


class BreakGlass(Entity):
    """A visit of an operator to a shop: why, until when. Kept twice under one id: by the platform and by the shop.

    The shop's row opens the console; the platform's is the ledger. `ticket` is the hash of what the operator carries
    from one host to the other, once.
    """

    operator_id = models.UUIDField(editable=False)
    operator_name = models.CharField(_("operator"), max_length=150, editable=False)
    tenant_id = models.UUIDField(editable=False)
    tenant_slug = models.CharField(_("shop"), max_length=63, editable=False)
    level = models.CharField(_("may"), max_length=10, choices=list(LEVEL_LABELS.items()), editable=False)
    reason = models.TextField(_("reason"), editable=False)
    started_at = models.DateTimeField(_("since"), editable=False)
    expires_at = models.DateTimeField(_("until"), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, editable=False)
    ticket = models.BinaryField(max_length=32, null=True, editable=False)

    class Meta:
        """Newest first."""

        verbose_name = _("break-glass visit")
        verbose_name_plural = _("break-glass visits")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(level__in=list(LEVEL_LABELS)), name="security_visit_level_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("started_at")), name="security_visit_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.operator_name} → {self.tenant_slug}"

    def is_open(self, *, at: datetime) -> bool:
        """Whether the visit goes on."""
        return self.ended_at is None and at < self.expires_at

    def end(self, *, at: datetime, by: str) -> None:
        """End the visit before its time; a second time changes nothing."""
        if self.is_open(at=at):
            self.ended_at, self.ended_by, self.ticket = at, by[:200], None
            self.save(update_fields=["ended_at", "ended_by", "ticket"])
