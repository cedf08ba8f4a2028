"""Templates: the migrated schema as SQL in the database, one per fingerprint, made once and replayed for every tenant.

No `pg_dump` is needed where tenants are provisioned. A template is trusted only after its replay has been dumped again
and came out equal; a schema that cannot be dumped so is made by migrations, slower but right.
"""

from __future__ import annotations

import logging
from typing import Final

from django.db import connection, transaction

from apps.lifecycle.models import SchemaTemplate
from apps.lifecycle.schemas.dump import UnsupportedSchema, canonical, dump_schema, renamed
from apps.lifecycle.schemas.fingerprint import fingerprint
from apps.lifecycle.schemas.migrations import migrate_schema
from apps.tenants.isolation import platform_scope
from rustok.context import TenantRef
from rustok.db.ids import new_id

logger = logging.getLogger(__name__)

PLACEHOLDER: Final = "t_rustok_template_schema"
"""The schema's name inside the stored SQL. No table, function or text may contain it otherwise."""

KEPT: Final = 5

_SCRATCH: Final = ("t_scratch_migrated_schema", "t_scratch_replayed_schema")
_BUILD_LOCK: Final = 0x7E4A_47C6


def template_sql() -> str | None:
    """The SQL of the current fingerprint; made now if it is missing. None: this schema has to be made by migrations."""
    current = fingerprint()
    with platform_scope("read the schema template"):
        known = SchemaTemplate.objects.filter(fingerprint=current).values_list("sql", flat=True).first()
    return (known if known is not None else _build(current)) or None


def replay(script: str, schema: str) -> None:
    """Make `schema` from a template, inside the caller's transaction. Needs a platform scope."""
    with connection.cursor() as cursor:
        # Bodies name tables that a later statement makes, or that only a tenant's search path finds.
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(script.replace(PLACEHOLDER, schema))
        cursor.execute("SET LOCAL check_function_bodies = on")


def _build(current: str) -> str:
    with platform_scope("build the schema template"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_BUILD_LOCK])
        try:
            known = SchemaTemplate.objects.filter(fingerprint=current).values_list("sql", flat=True).first()
            return known if known is not None else _remember(current, _make())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_BUILD_LOCK])


def _remember(current: str, script: str) -> str:
    """Keep it, and those of the last few releases: old code may still run beside the new during a roll-out."""
    SchemaTemplate.objects.create(fingerprint=current, sql=script)
    kept = SchemaTemplate.objects.order_by("-id").values("id")[:KEPT]
    SchemaTemplate.objects.exclude(id__in=kept).delete()
    return script


def _make() -> str:
    """The script, or an empty text when this schema cannot be dumped faithfully."""
    migrated, replayed = _SCRATCH
    _drop_scratch()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {migrated}")
        migrate_schema(TenantRef(id=new_id(), slug="template", name="template", schema=migrated))
        statements = dump_schema(migrated)
        script = renamed(statements, migrated, PLACEHOLDER)
        with transaction.atomic():
            replay(script, replayed)
        if canonical(renamed(dump_schema(replayed), replayed, PLACEHOLDER)) != canonical(script):
            raise UnsupportedSchema("the replayed schema differs from the migrated one")
    except UnsupportedSchema as error:
        logger.warning("lifecycle.template_refused", extra={"reason": str(error)})
        return ""
    finally:
        _drop_scratch()
    return script


def _drop_scratch() -> None:
    with connection.cursor() as cursor:
        for schema in _SCRATCH:
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
