"""Opening a shop: rows, schema, owner, event and audit in one transaction, so that a failure half-way leaves nothing.

The schema comes from a template that is replayed (0.2-0.3 s); DDL is transactional in PostgreSQL. Calling again after a
crash therefore simply works, and calling again after success is a DuplicateEntry of the slug.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.lifecycle.events import TenantProvisioned
from apps.lifecycle.schemas.migrations import migrate_schema
from apps.lifecycle.schemas.templates import replay, template_sql
from apps.security.services import create_user
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import find_tenant, is_domain_taken
from apps.tenants.services import move_tenant, register_tenant
from apps.tenants.validation import new_domain, new_slug
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import ExecutionContext, current, use
from rustok.db.transactions import UnitOfWork, unit_of_work
from rustok.policy import require
from rustok.telemetry import traced
from rustok.text import clean, refuse

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

_ACTIVE: Final = "active"
_OWNER: Final = "owner"
_ALL: Final = frozenset({"*:*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionTenant:
    """What a new shop is. Without a password one is made up; `domains` are hosts beyond `<slug>.<base domain>`."""

    slug: str
    name: str
    locale: str = "en"
    admin_username: str = _OWNER
    admin_password: str | None = field(default=None, repr=False)
    admin_email: str = ""
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedTenant:
    """The open shop. `admin_password` is shown to the caller once and stored nowhere in clear text."""

    tenant: Tenant
    host: str
    admin_username: str
    admin_password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The shop's public address."""
        return config().public_url(self.host)


@traced("lifecycle.provision_tenant")
def provision_tenant(*, input: ProvisionTenant, context: ExecutionContext) -> ProvisionedTenant:
    """Open a shop with its own schema and an owner who can sign in.

    Needs `tenant:create`. Raises InvalidInput (slug, domain, name, locale, password), SlugTaken, DomainTaken, and
    DuplicateEntry when somebody else was faster. Costs 0.2-0.5 s; once per release some seconds for the template.
    """
    require(context, "tenant:create")
    with use(context), platform_scope("provision a tenant"):
        wanted = _normalised(input)
        script = template_sql()
        with unit_of_work() as uow:
            tenant = register_tenant(
                slug=wanted.slug, name=wanted.name, locale=wanted.locale, domains=wanted.domains, at=timezone.now()
            )
            _make_schema(tenant, script)
            _make_owner(tenant, wanted, uow)
            host = wanted.domains[0]
            uow.record(TenantProvisioned(tenant_id=tenant.pk, slug=tenant.slug, host=host), new_stream=True)
            uow.audit(
                AuditEntry(action="tenant:create", target=str(tenant.pk), details={"slug": tenant.slug, "host": host})
            )
            move_tenant(tenant, _ACTIVE)
    return ProvisionedTenant(
        tenant=tenant, host=host, admin_username=wanted.admin_username, admin_password=wanted.admin_password or ""
    )


def _normalised(given: ProvisionTenant) -> ProvisionTenant:
    slug = new_slug(given.slug, taken=lambda value: find_tenant(value) is not None)
    base = config().base_domain
    if given.locale not in dict(settings.LANGUAGES):
        raise refuse("locale", "unknown", _("This language is not offered."))
    own = f"{slug}.{base}"
    others = [
        new_domain(name, slug=slug, base_domain=base, taken=is_domain_taken, field="domains") for name in given.domains
    ]
    return replace(
        given,
        slug=slug,
        name=clean(given.name, field="name", longest=200),
        admin_username=clean(given.admin_username, field="admin_username", longest=150),
        admin_password=given.admin_password or secrets.token_urlsafe(12),
        domains=tuple(dict.fromkeys([own, *others])),
    )


def _make_schema(tenant: Tenant, script: str | None) -> None:
    if script is not None:
        replay(script, tenant.schema_name)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {tenant.schema_name}")
    migrate_schema(tenant.ref())


def _make_owner(tenant: Tenant, wanted: ProvisionTenant, uow: UnitOfWork) -> None:
    """Create the owner inside the tenant; what is recorded there belongs to the tenant's own logs."""
    uow.flush()
    with tenant_scope(tenant, even_suspended=True):
        create_user(
            username=wanted.admin_username,
            password=wanted.admin_password,
            role=_OWNER,
            email=wanted.admin_email,
            locale=wanted.locale,
            context=replace(current(), permissions=_ALL),
        )
        uow.flush()
