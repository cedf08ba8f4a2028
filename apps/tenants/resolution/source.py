"""The three statements behind the directory. They name the shared schema, because no scope exists yet."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import orjson

from apps.tenants.metrics import LOADS
from rustok.config import config
from rustok.context import TenantRef
from rustok.db.shared import shared_rows
from rustok.tenant_config import overrides_of

_TENANT: Final = """
    SELECT t.id, t.slug, t.name, t.schema_name, t.status, t.strategy, t.locale, p.domain, t.overrides
    FROM public.tenants_tenant t LEFT JOIN public.tenants_domain p ON p.tenant_id = t.id AND p.is_primary
"""
_BY_SLUG: Final = _TENANT + "WHERE t.slug = %s"
_BY_HOST: Final = (
    _TENANT + "JOIN public.tenants_domain d ON d.tenant_id = t.id WHERE d.domain = %s AND d.verified_at IS NOT NULL"
)
_CHANGES: Final = """
    SELECT revision, tenant_id FROM public.tenants_tenantchange WHERE revision > %s ORDER BY revision LIMIT %s
"""
_LATEST: Final = "SELECT coalesce(max(revision), 0) FROM public.tenants_tenantchange"

LOT: Final = 500


class Key(NamedTuple):
    """What a tenant is looked up by: `kind` is slug or host."""

    kind: str
    value: str


class Change(NamedTuple):
    """One row of the list of changes."""

    revision: int
    tenant_id: UUID


class PostgresSource:
    """Tenants as the database knows them now."""

    def load(self, key: Key) -> TenantRef | None:
        """The tenant under a key, whatever its status; None when there is none."""
        rows = shared_rows(_BY_SLUG if key.kind == "slug" else _BY_HOST, [key.value])
        LOADS.labels("found" if rows else "unknown").inc()
        return _ref(*rows[0]) if rows else None

    def latest(self) -> int:
        """The newest revision."""
        return int(shared_rows(_LATEST)[0][0])

    def changes_after(self, revision: int) -> list[Change]:
        """Changes after a revision, oldest first, at most `LOT`."""
        return [Change(*row) for row in shared_rows(_CHANGES, [revision, LOT])]


def _ref(  # noqa: PLR0917 - one parameter per column, in the order of the statement
    identity: UUID,
    slug: str,
    name: str,
    schema: str,
    status: str,
    strategy: str,
    locale: str,
    host: str | None,
    overrides: str,
) -> TenantRef:
    return TenantRef(
        id=identity,
        slug=slug,
        name=name,
        schema=schema,
        status=status,
        strategy=strategy,
        locale=locale,
        host=host or f"{slug}.{config().base_domain}",
        overrides=overrides_of(orjson.loads(overrides)),
    )
