"""What wakes the sealing of audit logs: a marker per transaction that wrote entries."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from rustok.db.ids import Entity


class AuditWakeup(Entity):
    """A mark: the audit log of this tenant has entries without a number, or a checkpoint falls due.

    Deleted by who does that, in the same transaction.
    """

    tenant_id = models.UUIDField(editable=False)
    due_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Shared table, in the same physical database as the log, so that both commit together."""

        db_table = "operations_audit_wakeup"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="operations_audit_wakeup_due_ix")]
