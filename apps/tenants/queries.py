"""Reading tenants. Needs a platform or tenant scope, except for what the directory answers."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from apps.tenants.errors import TenantNotFound
from apps.tenants.models import Domain, Tenant
from apps.tenants.resolution.directory import directory
from apps.tenants.states import ACTIVE
from rustok.context import TenantRef


def get_tenant(slug: str) -> Tenant:
    """The tenant with this slug; raises TenantNotFound."""
    found = find_tenant(slug)
    if found is None:
        raise TenantNotFound(host=slug)
    return found


def get_tenant_by_id(tenant_id: UUID) -> Tenant:
    """The tenant with this id; raises TenantNotFound."""
    found = Tenant.objects.filter(pk=tenant_id).first()
    if found is None:
        raise TenantNotFound(host=tenant_id)
    return found


def find_tenant(slug: str) -> Tenant | None:
    """The tenant with this slug, or None."""
    return Tenant.objects.filter(slug=slug).first()


def all_tenants() -> QuerySet[Tenant]:
    """Every tenant, by slug."""
    return Tenant.objects.order_by("slug")


def active_tenants() -> QuerySet[Tenant]:
    """Tenants in business, by slug."""
    return all_tenants().filter(status=ACTIVE)


def domains_of(tenant_id: UUID) -> QuerySet[Domain]:
    """The tenant's hosts, the primary one first."""
    return Domain.objects.filter(tenant_id=tenant_id).order_by("-is_primary", "domain")


def primary_host(tenant_id: UUID) -> str:
    """The host under which a tenant presents itself; empty when it has none."""
    return Domain.objects.filter(tenant_id=tenant_id, is_primary=True).values_list("domain", flat=True).first() or ""


def resolve_slug(slug: str) -> TenantRef:
    """The cached facts of a tenant, needing no scope; raises TenantNotFound."""
    return directory().by_slug(slug)


def is_domain_taken(domain: str) -> bool:
    """Whether some tenant has this host, given in canonical form."""
    return Domain.objects.filter(domain=domain).exists()
