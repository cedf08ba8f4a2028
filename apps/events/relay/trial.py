"""Whether a log that waits could be numbered, by trying: what keeps one shop waiting is told from what keeps all."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from apps.events.numbering import number
from apps.events.relay.scopes import log_scope
from apps.tenants.errors import TenantNotFound


def is_stuck(tenant_id: UUID) -> bool:
    """Whether numbering this log fails, or somebody keeps it locked; nothing is changed.

    A handful of statements, no lock is waited for longer than half a second. For a log that has waited long already.
    """
    try:
        with log_scope(tenant_id, even_suspended=True), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 500")
            numbered = number(tenant_id=tenant_id, step=1)
            transaction.set_rollback(True)
    except TenantNotFound:
        return False  # the relay forgets its marks
    except Exception:  # noqa: BLE001 - the question is whether it raises; the relay logs what
        return True
    return numbered is None
