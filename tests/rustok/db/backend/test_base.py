"""The backend binds every statement to the schema of the active scope, and runs none without."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction

from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import ExecutionContext, TenantRef, amended, use
from rustok.db.backend.base import DatabaseWrapper
from rustok.db.shared import shared_rows
from rustok.errors.families import DatabaseUnavailable, TenantContextMissing, TenantSchemaMissing
from tests.support.sessions import seen_schema


@pytest.fixture(params=["reported", "remembered"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """PostgreSQL 18 reports its search path; before, the backend has only its own memory."""
    if request.param == "remembered":
        monkeypatch.setattr("rustok.db.backend.base.reported_path", lambda _connection: None)
    return str(request.param)


def test_statement_reads_the_active_schema(server: str, acme: TenantRef, globex: TenantRef) -> None:
    seen = [seen_schema()]
    with tenant_scope(globex):
        seen.append(seen_schema())
        with platform_scope("nested"):
            seen.append(seen_schema())
        seen.append(seen_schema())
    seen.append(seen_schema())

    assert seen == [acme.schema, globex.schema, "public", globex.schema, acme.schema]


def test_cursor_of_an_outer_scope_stays_with_its_scope(server: str, acme: TenantRef, globex: TenantRef) -> None:
    with connection.cursor() as cursor:
        with tenant_scope(globex):
            seen_schema()

        assert seen_schema(cursor) == acme.schema


def test_set_that_a_rollback_undid_is_sent_again(server: str, acme: TenantRef, globex: TenantRef) -> None:
    seen_schema()
    with suppress(ZeroDivisionError), transaction.atomic(), tenant_scope(globex):
        seen_schema()
        raise ZeroDivisionError

    assert seen_schema() == acme.schema
    with tenant_scope(globex):
        assert seen_schema() == globex.schema


def test_set_inside_a_released_savepoint_is_not_trusted_blindly(
    server: str, acme: TenantRef, globex: TenantRef
) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        with transaction.atomic(), tenant_scope(globex):
            seen_schema()
        raise ZeroDivisionError

    with tenant_scope(globex):
        assert seen_schema() == globex.schema


@pytest.mark.usefixtures("live_acme")
@pytest.mark.parametrize("autocommit", [True, False])
def test_rollback_of_a_whole_transaction_keeps_the_binding_true(
    server: str, live_globex: TenantRef, autocommit: bool
) -> None:
    connection.set_autocommit(autocommit)
    with tenant_scope(live_globex):
        seen_schema()
        connection.rollback()
        seen = seen_schema()
    connection.rollback()
    connection.set_autocommit(True)

    assert seen == live_globex.schema


@pytest.mark.django_db
def test_statement_without_scope_is_refused() -> None:
    with use(ExecutionContext()), connection.cursor() as cursor, pytest.raises(TenantContextMissing):
        cursor.execute("SELECT 1")


@pytest.mark.django_db
@pytest.mark.parametrize("call", ["executemany", "copy", "callproc"])
def test_no_way_around_the_refusal(call: str) -> None:
    arguments = {"executemany": ("SELECT %s", [[1]]), "copy": ("COPY (SELECT 1) TO STDOUT",), "callproc": ("now",)}
    with use(ExecutionContext()), connection.cursor() as cursor, pytest.raises(TenantContextMissing):
        getattr(cursor, call)(*arguments[call])


@pytest.mark.django_db
def test_transactions_and_savepoints_need_no_scope(acme: TenantRef) -> None:
    with use(ExecutionContext()), transaction.atomic(), transaction.atomic(), tenant_scope(acme):
        assert seen_schema() == acme.schema


@pytest.mark.parametrize("schema", ["t_ffffffffffff", "pg_catalog", 'x", public', "T_1", ""])
def test_unknown_schema_is_refused_before_public_is_read(acme: TenantRef, schema: str) -> None:
    with tenant_scope(replace(acme, schema=schema)), pytest.raises(TenantSchemaMissing):
        seen_schema()

    assert seen_schema() == acme.schema


def test_stock_search_path_reads_public_for_an_unknown_schema(platform: ExecutionContext) -> None:
    with connection.connection.cursor() as raw:  # the negative control: the naive way is silent
        raw.execute("SET search_path = t_ffffffffffff, public")
        raw.execute("SELECT current_schema()")
        assert raw.fetchone()[0] == "public"


def test_copy_reads_the_active_schema(acme: TenantRef, globex: TenantRef) -> None:
    with (
        connection.cursor() as cursor,
        tenant_scope(globex),
        cursor.copy("COPY (SELECT current_schema()) TO STDOUT") as rows,
    ):
        assert b"".join(bytes(chunk) for chunk in rows).decode().strip() == globex.schema


def test_raw_driver_cursor_follows_the_last_opened_cursor(acme: TenantRef, globex: TenantRef) -> None:
    with tenant_scope(globex), connection.cursor(), connection.connection.cursor() as raw:
        raw.execute("SELECT current_schema()")
        assert raw.fetchone()[0] == globex.schema


def test_statement_past_the_deadline_is_not_sent(acme: TenantRef) -> None:
    with amended(deadline=time.monotonic() - 1), pytest.raises(DatabaseUnavailable):
        seen_schema()


@pytest.mark.parametrize(
    "call", [DatabaseWrapper.set_tenant, DatabaseWrapper.set_schema], ids=lambda call: call.__name__
)
def test_only_scopes_choose_the_schema(call, acme: TenantRef) -> None:
    with pytest.raises(ImproperlyConfigured):
        call(connection, acme)


def test_shared_rows_are_read_without_changing_the_session(acme: TenantRef) -> None:
    with use(ExecutionContext()):
        assert shared_rows("SELECT count(*) FROM public.tenants_tenant") == [(2,)]

    assert seen_schema() == acme.schema


def test_introspection_sees_the_own_schema_only(acme: TenantRef) -> None:
    tables = connection.introspection.table_names()

    assert "orders_order" in tables
    assert "tenants_tenant" not in tables


def test_failed_statement_keeps_its_own_error(acme: TenantRef) -> None:
    with pytest.raises(DatabaseError, match="no_such_table"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
