"""Facts about tenants, in the platform's own log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantProvisioned(DomainEvent):
    """A shop is open for business."""

    type: ClassVar[str] = "tenants.tenant_provisioned"
    aggregate: ClassVar[str] = "tenant"
    key: ClassVar[str] = "tenant_id"
    tenant_id: UUID
    slug: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSuspended(DomainEvent):
    """An operator closed a shop for now."""

    type: ClassVar[str] = "tenants.tenant_suspended"
    aggregate: ClassVar[str] = "tenant"
    key: ClassVar[str] = "tenant_id"
    tenant_id: UUID
    slug: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantResumed(DomainEvent):
    """An operator opened a suspended shop again."""

    type: ClassVar[str] = "tenants.tenant_resumed"
    aggregate: ClassVar[str] = "tenant"
    key: ClassVar[str] = "tenant_id"
    tenant_id: UUID
    slug: str
    reason: str
