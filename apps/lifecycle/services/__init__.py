"""The use cases of a tenant's life.

made = provision_tenant(input=ProvisionTenant(slug="acme", name="Acme"), context=context)
suspend_tenant(tenant_id=made.tenant.id, reason="unpaid", context=context)
"""

from apps.lifecycle.services.configuring import TENANT_OVERRIDE, configure_tenant, knobs_of
from apps.lifecycle.services.fleet import TenantMigrations, fleet_status, migrate_fleet
from apps.lifecycle.services.provisioning import ProvisionedTenant, ProvisionTenant, provision_tenant
from apps.lifecycle.services.suspension import resume_tenant, suspend_tenant

__all__ = [
    "TENANT_OVERRIDE",
    "ProvisionTenant",
    "ProvisionedTenant",
    "TenantMigrations",
    "configure_tenant",
    "fleet_status",
    "knobs_of",
    "migrate_fleet",
    "provision_tenant",
    "resume_tenant",
    "suspend_tenant",
]
