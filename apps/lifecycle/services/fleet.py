"""All schemas of the installation: how far they are, and bringing them up to date one after the other.

Up-to-date schemas are found by two statements and skipped. A failure stops the run: what was done stays done, and the
next run goes on there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import DatabaseError, connection

from apps.lifecycle.errors import FleetBusy, FleetMigrationFailed
from apps.lifecycle.schemas.migrations import migrate_schema, migrate_shared, missing_migrations
from apps.lifecycle.schemas.templates import template_sql
from apps.tenants.isolation import platform_scope
from apps.tenants.queries import all_tenants
from rustok.context import ExecutionContext, use
from rustok.policy import require

_LOCK: Final = 0x7E4A_47C7


@dataclass(frozen=True, slots=True)
class TenantMigrations:
    """How far one tenant is: `missing` migrations wait."""

    slug: str
    schema: str
    missing: int


class Progress(Protocol):
    """Where a long run tells how far it is; `rustok.progress.ProgressBar` is one."""

    total: int

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Count finished steps."""


def fleet_status(*, context: ExecutionContext) -> list[TenantMigrations]:
    """Every tenant's state of migration, by slug. Needs `fleet:read`; three statements for any number of tenants."""
    require(context, "fleet:read")
    with use(context), platform_scope("read the state of all schemas"):
        tenants = list(all_tenants())
        missing = missing_migrations([tenant.schema_name for tenant in tenants])
    return [TenantMigrations(tenant.slug, tenant.schema_name, missing[tenant.schema_name]) for tenant in tenants]


def migrate_fleet(*, context: ExecutionContext, progress: Progress | None = None) -> int:
    """Bring the shared schema, the template and every tenant up to date; returns how many tenants were behind.

    Needs `fleet:migrate`. Raises FleetBusy while another run is at work, FleetMigrationFailed at the first failure.
    """
    require(context, "fleet:migrate")
    with use(context), _alone():
        migrate_shared()
        template_sql()
        with platform_scope("migrate all schemas"):
            tenants = list(all_tenants())
            missing = missing_migrations([tenant.schema_name for tenant in tenants])
        behind = [tenant.ref() for tenant in tenants if missing[tenant.schema_name]]
        if progress is not None:
            progress.total = len(behind)
        for tenant in behind:
            try:
                migrate_schema(tenant)
            except DatabaseError as error:
                raise FleetMigrationFailed(schema=tenant.schema, reason=str(error).splitlines()[0]) from error
            if progress is not None:
                progress.advance(note=tenant.slug)
    return len(behind)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the fleet lock of the database; a killed process lets it go with its connection."""
    with platform_scope("lock the fleet"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise FleetBusy
    try:
        yield
    finally:
        with platform_scope("unlock the fleet"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
