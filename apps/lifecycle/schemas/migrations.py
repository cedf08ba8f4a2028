"""Migrating one schema, and asking all of them in one statement how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from apps.lifecycle.schemas.fingerprint import plan, targets
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import TenantRef

_HAVE_TABLE: Final = """
    SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'django_migrations'
    WHERE n.nspname = ANY(%s)
"""


def migrate_shared(*, verbosity: int = 0) -> None:
    """Bring the shared schema up to date (Django's own command, so that content types follow)."""
    with platform_scope("migrate the shared schema"):
        call_command(Migrate(), verbosity=verbosity, interactive=False, skip_checks=True)


def migrate_schema(tenant: TenantRef) -> int:
    """Apply to a tenant's schema what it lacks; returns the number of migrations applied.

    Each migration commits on its own, so that a failure keeps those before it.
    """
    with tenant_scope(tenant, even_suspended=True):
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        steps = executor.migration_plan(list(targets()))
        executor.migrate(list(targets()), plan=steps)
    return len(steps)


def missing_migrations(schemas: Sequence[str]) -> dict[str, int]:
    """How many migrations each schema lacks; two statements for any number of schemas. Needs a platform scope.

    A schema that does not exist, or was never migrated, lacks all of them.
    """
    wanted = set(plan())
    lacking = dict.fromkeys(schemas, len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(_HAVE_TABLE, [list(schemas)])
        migrated = [row[0] for row in cursor.fetchall()]
        if not migrated:
            return lacking
        cursor.execute(_applied_query(migrated))
        for schema, applied in cursor.fetchall():
            lacking[schema] = len(wanted - {tuple(key) for key in applied})
    return lacking


def _applied_query(schemas: Sequence[str]) -> sql.Composed:
    one = sql.SQL("SELECT {literal}, json_agg(json_build_array(app, name)) FROM {schema}.django_migrations")
    return sql.SQL(" UNION ALL ").join(
        one.format(literal=sql.Literal(schema), schema=sql.Identifier(schema)) for schema in schemas
    )
