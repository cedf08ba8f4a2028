"""The backend binds every statement to the schema of the active scope, and runs none without."""

from __future__ import annotations

from django.db import connection

from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import TenantRef


def seen_schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def test_statement_reads_the_active_schema(acme: TenantRef, globex: TenantRef) -> None:
    assert seen_schema() == acme.schema

    with tenant_scope(globex):
        assert seen_schema() == globex.schema
        with platform_scope("nested"):
            assert seen_schema() == "public"
        assert seen_schema() == globex.schema

    assert seen_schema() == acme.schema
