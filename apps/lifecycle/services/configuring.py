"""Knobs of one shop that differ from the installation's. Requests follow within two seconds (ADR 0032)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from apps.tenants.isolation import platform_scope
from apps.tenants.services import configure_tenant as write_overrides
from apps.tenants.services import lock_tenant
from rustok.audit import AuditEntry
from rustok.config import config, provenance
from rustok.context import ExecutionContext, use
from rustok.db.transactions import unit_of_work
from rustok.policy import require
from rustok.tenant_config import OVERRIDABLE, overrides_of

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

TENANT_OVERRIDE: Final = "tenant override"


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob of a shop: what holds, and which layer says so."""

    name: str
    value: Any
    origin: str
    installation: Any


def configure_tenant(
    *,
    tenant_id: UUID,
    change: Mapping[str, object],
    unset: Iterable[str] = (),
    context: ExecutionContext,
    expected_version: int | None = None,
) -> Tenant:
    """Set knobs for one shop, and give others back to the installation. Suspended shops can be configured too.

    Needs `tenant:configure`. Raises TenantNotFound, VersionConflict, InvalidInput (unknown knob, value out of limits).
    """
    require(context, "tenant:configure")
    names = sorted(set(unset))
    with use(context), platform_scope("configure a tenant"), unit_of_work() as uow:
        tenant = lock_tenant(tenant_id, expected_version=expected_version)
        before = dict(tenant.overrides)
        after = write_overrides(tenant, change=change, unset=names)
        details = {"set": {name: after[name] for name in change}, "unset": names, "before": before}
        uow.audit(AuditEntry(action="tenant:configure", target=str(tenant.pk), details=details))
    return tenant


def knobs_of(tenant: Tenant) -> list[Knob]:
    """Every knob that may differ per shop, as it holds for this one."""
    own, origin, settings = dict(overrides_of(tenant.overrides)), provenance(), config()
    return [
        Knob(
            name=name,
            value=own.get(name, getattr(settings, name)),
            origin=TENANT_OVERRIDE if name in own else origin[name],
            installation=getattr(settings, name),
        )
        for name in OVERRIDABLE
    ]
