"""The only door to tenant data: scopes. Public to every app.

    with tenant_scope("acme"):
        Product.objects.count()

    with platform_scope("nightly report"):
        Tenant.objects.count()

A scope restores what was there before, on exceptions too, per thread and per async task. A generator must not yield
inside one: its consumer would run in it.
"""

from apps.tenants.isolation.cache import cache_key
from apps.tenants.isolation.scopes import current_tenant, platform_scope, tenant_scope
from apps.tenants.isolation.sweeps import in_every_shop

__all__ = ["cache_key", "current_tenant", "in_every_shop", "platform_scope", "tenant_scope"]
