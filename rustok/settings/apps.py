"""Which apps exist, and in which schema their tables live."""

from __future__ import annotations

from typing import Final

_CONSOLE: Final = ("unfold", "unfold.contrib.filters", "unfold.contrib.forms")

SHARED_APPS: tuple[str, ...] = (
    *_CONSOLE,  # before django_tenants, whose admin template breaks the sidebar
    "apps.lifecycle",  # before django_tenants, whose migrate command knows no scopes
    "django_tenants",
    "django.contrib.contenttypes",  # shared only: the process-wide cache of ids must mean the same in every tenant
    "django.contrib.auth",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "apps.tenants",
    "apps.operations",
    "apps.security",
    "apps.events",
    "apps.health",
    "apps.flags.apps.WaffleConfig",  # its models are the base of ours; its own tables stay empty
    "apps.flags",
    "apps.console",
    "apps.demo",
)

TENANT_APPS: tuple[str, ...] = (
    "django.contrib.sessions",
    "apps.security",
    "apps.events",
    "apps.webhooks",
    "apps.customers",
    "apps.catalog",
    "apps.payments",
    "apps.orders",
    "apps.insights",
)

INSTALLED_APPS: list[str] = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
AUTH_USER_MODEL = "security.User"

RUSTOK_PORTS = {
    "event_recorder": "apps.events.recorder.PostgresEventRecorder",
    "audit_writer": "apps.security.audit.PostgresAuditWriter",
    "gate": "apps.security.zero_trust.pipeline.Pipeline",
    "breaker_table": "apps.operations.breakers.PostgresBreakerStore",
    "idempotency_store": "apps.operations.idempotency.PostgresIdempotencyStore",
}
