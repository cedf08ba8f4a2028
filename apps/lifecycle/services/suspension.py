"""Closing a shop for a while and opening it again. Every process sees it within two seconds (`tenants.resolution`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from apps.events import services as events
from apps.lifecycle.events import TenantResumed, TenantSuspended
from apps.tenants.isolation import platform_scope
from apps.tenants.services import lock_tenant, move_tenant
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, use
from rustok.db.transactions import unit_of_work
from rustok.policy import require
from rustok.text import clean

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

_ACTIVE: Final = "active"
_SUSPENDED: Final = "suspended"
LONGEST_REASON: Final = 500


def suspend_tenant(
    *, tenant_id: UUID, reason: str, context: ExecutionContext, expected_version: int | None = None
) -> Tenant:
    """Refuse the shop's requests, tasks and deliveries from now on; nothing is deleted.

    Needs `tenant:suspend`. Raises TenantNotFound, IllegalTransition, VersionConflict, InvalidInput (no reason given).
    """
    require(context, "tenant:suspend")
    return _move(tenant_id, _SUSPENDED, reason, context, expected_version)


def resume_tenant(
    *, tenant_id: UUID, context: ExecutionContext, reason: str = "", expected_version: int | None = None
) -> Tenant:
    """Open a suspended shop again; deliveries go on where they stopped.

    Needs `tenant:resume`. Raises TenantNotFound, IllegalTransition, VersionConflict.
    """
    require(context, "tenant:resume")
    return _move(tenant_id, _ACTIVE, reason, context, expected_version)


def _move(tenant_id: UUID, status: str, reason: str, context: ExecutionContext, expected_version: int | None) -> Tenant:
    suspending = status == _SUSPENDED
    reason = clean(reason, field="reason", longest=LONGEST_REASON, required=suspending)
    with use(context), platform_scope("change a tenant's status"), unit_of_work() as uow:
        tenant = lock_tenant(tenant_id, expected_version=expected_version)
        move_tenant(tenant, status, reason=reason if suspending else "")
        fact = TenantSuspended if suspending else TenantResumed
        uow.record(fact(tenant_id=tenant.pk, slug=tenant.slug, reason=reason))
        uow.audit(
            AuditEntry(action=f"tenant:{'suspend' if suspending else 'resume'}", target=str(tenant.pk), reason=reason)
        )
        if not suspending:
            events.wake(tenant_id=tenant.pk)
    return tenant
