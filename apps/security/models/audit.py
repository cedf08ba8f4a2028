"""What was done, by whom. Rows are only ever added: a trigger refuses UPDATE and DELETE, whoever asks.

It lets pass the sealing (a number and a hash where there were none, and personal data closed), and the removal of what
was moved to a sealed file.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class AuditEntry(Entity):
    """One deed, written in the transaction of the change it speaks of.

    `number` and `hash` stay empty in that transaction: chaining under a lock held until commit would make a tenant's
    writers serial, so it happens afterwards.
    """

    occurred_at = models.DateTimeField(_("time"), editable=False)
    actor = models.CharField(_("actor"), max_length=200, editable=False)
    actor_label = models.CharField(_("actor's name"), max_length=200, editable=False)
    action = models.CharField(_("action"), max_length=100, editable=False)
    target = models.CharField(_("target"), max_length=200, blank=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=32, editable=False)
    reason = models.TextField(_("reason"), blank=True, editable=False)
    details = models.JSONField(_("details"), default=dict, editable=False)
    request_id = models.CharField(_("request"), max_length=64, blank=True, editable=False)
    trace_id = models.CharField(_("trace"), max_length=32, blank=True, editable=False)
    address = models.CharField(_("address"), max_length=45, blank=True, editable=False)
    number = models.BigIntegerField(_("number"), null=True, editable=False)
    hash = models.BinaryField(max_length=32, null=True, editable=False)

    class Meta:
        """Newest first; found by what was touched and by who did it."""

        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["target", "-id"], name="security_audit_target_ix"),
            models.Index(fields=["actor", "-id"], name="security_audit_actor_ix"),
            models.Index(fields=["id"], condition=Q(number__isnull=True), name="security_audit_loose_ix"),
            # for people who look things up; rows pay once they are numbered, as below (words: migration `audit_depth`)
            models.Index(fields=["action", "-id"], condition=Q(number__isnull=False), name="security_audit_action_ix"),
            models.Index(
                fields=["trace_id"],
                condition=Q(number__isnull=False) & ~Q(trace_id=""),
                name="security_audit_trace_ix",
            ),
        ]
        constraints = [
            # partial, so that rows pay for it only once they are numbered
            models.UniqueConstraint(
                fields=["number"], condition=Q(number__isnull=False), name="security_audit_number_uq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class AuditChain(Entity):
    """The head of the chain: the last number and hash, the last checkpoint, and how many old entries were moved away.

    One row per log.

    Locked while entries are sealed, never while they are written.
    """

    name = models.CharField(max_length=16, unique=True, editable=False)
    number = models.BigIntegerField(default=0, editable=False)
    hash = models.BinaryField(max_length=32, editable=False)
    checkpoint = models.BigIntegerField(default=0, editable=False)
    checkpoint_at = models.DateTimeField(null=True, editable=False)
    pruned = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        """No page shows it: the audit commands and the health check do."""

        verbose_name = _("audit chain")
        verbose_name_plural = _("audit chains")

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
