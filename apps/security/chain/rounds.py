"""One round over all audit logs that have something to seal or to sign."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from apps.operations.wakeups import PLATFORM
from apps.security.chain.checkpoints import checkpoint
from apps.security.chain.sealing import STEP, seal
from apps.tenants.errors import TenantNotReady
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import get_tenant_by_id
from rustok.context import ExecutionContext
from rustok.db.shared import shared_rows
from rustok.errors import DomainError
from rustok.errors.families import NotFound

logger = logging.getLogger(__name__)

MARKS: Final = 10_000  # read in one round

_WAITING: Final = """
    SELECT tenant_id, array_agg(id) FROM (
        SELECT id, tenant_id, due_at FROM public.operations_audit_wakeup
        WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT %s
    ) oldest GROUP BY tenant_id ORDER BY min(due_at)
"""
_OLDEST: Final = """
    SELECT coalesce(extract(epoch FROM statement_timestamp() - min(due_at)), 0)::float8
    FROM public.operations_audit_wakeup WHERE due_at <= statement_timestamp()
"""


def run(*, seconds: float) -> int:
    """Seal and sign whatever waits, for about so long; returns how many entries were sealed.

    Costs one statement when nothing waits, whatever the number of tenants.
    """
    until = time.monotonic() + seconds
    sealed = 0
    for log, marks in shared_rows(_WAITING, [MARKS]):
        if time.monotonic() > until:
            break
        sealed += _seal_log(log, marks, until)
    return sealed


def unchained_age() -> float:
    """Seconds for which the oldest mark has waited, over all logs: the alarm of the chain. One statement."""
    return float(shared_rows(_OLDEST)[0][0])


def _seal_log(log: UUID, marks: Sequence[UUID], until: float) -> int:
    sealed = 0
    try:
        with _scope(log):
            while (count := seal(wakeups=marks)) is not None:
                sealed += count
                checkpoint()
                if count < STEP or time.monotonic() > until:
                    break
    except NotFound:
        _forget(marks)
    except TenantNotReady:
        logger.info("audit.seal_later", extra={"log": str(log)})  # its marks stay until it is provisioned
    except (DatabaseError, DomainError):  # one log that cannot be sealed now does not stop the others
        logger.exception("audit.seal_failed", extra={"log": str(log)})
    return sealed


def _scope(log: UUID) -> AbstractContextManager[ExecutionContext]:
    """Where the log's rows are; raises NotFound when the tenant is gone."""
    reason = "seal audit logs"
    if log == PLATFORM:
        return platform_scope(reason)
    with platform_scope(reason):
        tenant = get_tenant_by_id(log).ref()
    return tenant_scope(tenant, even_suspended=True)


def _forget(marks: Sequence[UUID]) -> None:
    """Drop the marks of a tenant that is gone, and its log with it."""
    with platform_scope("forget a deleted tenant's audit marks"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.operations_audit_wakeup WHERE id = ANY (%s::uuid[])", [list(marks)])
