"""From the tenant id in the shared tables to the scope of its log."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Final
from uuid import UUID

from apps.operations.wakeups import PLATFORM
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import get_tenant_by_id, resolve_slug
from rustok.context import ExecutionContext

_REASON: Final = "relay"


def shared_scope() -> AbstractContextManager[ExecutionContext]:
    """The scope in which the shared tables are read."""
    return platform_scope(_REASON)


def log_scope(tenant_id: UUID, *, even_suspended: bool = False) -> AbstractContextManager[ExecutionContext]:
    """The scope of a log: a tenant's, or the platform's for the nil id.

    Raises TenantNotFound, and on entering TenantSuspended or TenantNotReady unless `even_suspended`. Costs no statement
    for a tenant seen before; a status is at most two seconds old.
    """
    if tenant_id == PLATFORM:
        return shared_scope()
    return tenant_scope(resolve_slug(_slug_of(tenant_id)), even_suspended=even_suspended)


def log_name(tenant_id: UUID) -> str:
    """What people call the log: its tenant's slug. Raises TenantNotFound."""
    return "(platform)" if tenant_id == PLATFORM else _slug_of(tenant_id)


@lru_cache(maxsize=10_000)
def _slug_of(tenant_id: UUID) -> str:
    with shared_scope():
        return get_tenant_by_id(tenant_id).slug
