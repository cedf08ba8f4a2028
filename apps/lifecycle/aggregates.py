"""A tenant as the platform's log tells it, and as its row does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from apps.lifecycle.events import TenantProvisioned, TenantResumed, TenantSuspended
from apps.tenants.queries import all_tenants
from rustok.aggregates import Aggregate, register
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFacts:
    """The slug, and whether the shop is open."""

    slug: str
    status: str


def fold(state: TenantFacts | None, event: DomainEvent) -> TenantFacts | None:
    """The tenant after one more fact; facts that change neither leave it as it is."""
    match event:
        case TenantProvisioned():
            return TenantFacts(slug=event.slug, status="active")
        case TenantSuspended() if state is not None:
            return replace(state, status="suspended")
        case TenantResumed() if state is not None:
            return replace(state, status="active")
    return state


def stored(ids: Collection[UUID]) -> dict[UUID, TenantFacts]:
    """The tenants as the rows have them. One statement."""
    wanted = set(ids)
    return {
        tenant.pk: TenantFacts(slug=tenant.slug, status=tenant.status)
        for tenant in all_tenants()
        if tenant.pk in wanted
    }


register(Aggregate(name="tenant", state=TenantFacts, fold=fold, stored=stored, platform=True))
