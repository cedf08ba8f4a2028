"""The audit port bound to the database: one statement for all entries of a unit of work, and the mark to seal them.

Plain SQL, because every order pays for it: the ORM's way costs a third of a millisecond more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from django.utils import timezone

from apps.operations.wakeups import PLATFORM
from apps.security.identity.mirror import for_platform, visit_of, with_reason
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, current
from rustok.db.batches import send
from rustok.db.ids import new_id
from rustok.db.transactions import current_unit_of_work, transaction_required

_INSERT: Final = (
    "WITH woken AS (INSERT INTO public.operations_audit_wakeup (id, tenant_id) VALUES (%s, %s))"
    " INSERT INTO security_auditentry (id, occurred_at, actor, actor_label, action, target, outcome, reason, details, "
    "request_id, trace_id, address) VALUES "
)
_INSERT_SHARED: Final = _INSERT.replace("INTO security_auditentry", "INTO public.security_auditentry")
_ROW: Final = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


class PostgresAuditWriter:
    """Writes to the audit log of the current scope, the tenant's or the platform's."""

    @transaction_required
    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Append the entries; who, from where and on which trace come from the context.

        A visitor's entries (break-glass) go to the platform's log as well.
        """
        here = current()
        visit = visit_of(here)
        if visit is not None:
            _append(_INSERT_SHARED, for_platform(entries, visit), here, PLATFORM)
            entries = with_reason(entries, visit)
        _append(_INSERT, entries, here, here.tenant.id if here.tenant else PLATFORM)


def _append(insert: str, entries: Sequence[AuditEntry], here: ExecutionContext, owner: UUID) -> None:
    now, circumstances = timezone.now(), (here.request_id, here.trace.trace_id, here.address)
    values: list[Any] = [new_id(), owner]
    for entry in entries:
        values += (new_id(), now, here.actor.reference, here.actor.label[:200], entry.action, entry.target[:200])
        values += (entry.outcome, entry.reason, orjson.dumps(_details(entry), str).decode(), *circumstances)
    send(insert + ", ".join([_ROW] * len(entries)), values, using=current_unit_of_work().using)


def _details(entry: AuditEntry) -> dict[str, Any]:
    """The details, with personal data still open: the sealing step closes it."""
    if not entry.personal:
        return dict(entry.details)
    return {**entry.details, "personal": {"subject": entry.subject, "open": dict(entry.personal)}}
