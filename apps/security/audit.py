"""The audit port bound to the database: one INSERT for all entries of a unit of work."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from apps.security.models import AuditEntry as Row
from rustok.audit import AuditEntry
from rustok.context import current
from rustok.db.transactions import transaction_required


class PostgresAuditWriter:
    """Writes to the audit log of the current scope, the tenant's or the platform's."""

    @transaction_required
    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Append the entries; who, from where and on which trace come from the context."""
        here, now = current(), timezone.now()
        Row.objects.bulk_create(
            Row(
                occurred_at=now,
                actor=here.actor.reference,
                actor_label=here.actor.label[:200],
                action=entry.action,
                target=entry.target[:200],
                outcome=entry.outcome,
                reason=entry.reason,
                details=dict(entry.details),
                request_id=here.request_id,
                trace_id=here.trace.trace_id,
                address=here.address,
            )
            for entry in entries
        )
