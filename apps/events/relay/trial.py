"""Whether a log that waits could be numbered, by trying: what keeps one shop waiting is told from what keeps all."""

from __future__ import annotations

from enum import Enum
from uuid import UUID

from django.db import connection, transaction

from apps.events.numbering import number
from apps.events.relay.scopes import log_scope
from apps.tenants.errors import TenantNotFound


class Trial(Enum):
    """How it ended."""

    WORKS = "nothing is in the way"
    LOCKED = "somebody numbers it, or keeps it locked"
    FAILS = "it raises"


def attempt(tenant_id: UUID) -> Trial:
    """Number one event of the log and take it back; for a log that has waited too long already.

    A handful of statements, no lock is waited for longer than half a second. Raises nothing.
    """
    try:
        with log_scope(tenant_id, even_suspended=True), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 500")
            numbered = number(tenant_id=tenant_id, step=1)
            transaction.set_rollback(True)
    except TenantNotFound:
        return Trial.WORKS  # the relay forgets its marks
    except Exception:  # noqa: BLE001 - the question is whether it raises; the relay logs what
        return Trial.FAILS
    return Trial.LOCKED if numbered is None else Trial.WORKS
