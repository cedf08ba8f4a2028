"""Sessions of the pool carry no tenant from one user to the next (trap 15), and a missing database is a typed error."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from django.db import OperationalError, connection

from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import TenantRef
from rustok.db.backend.base import DatabaseWrapper

PLAIN = {"min_size": 1, "max_size": 1, "timeout": 5.0}


def wrapper(alias: str, **options: Any) -> DatabaseWrapper:
    settings = deepcopy(connection.settings_dict)
    settings["OPTIONS"] |= options
    return DatabaseWrapper(settings, alias=alias)


@pytest.fixture
def pooled(live_acme: TenantRef) -> Iterator[DatabaseWrapper]:
    made = wrapper("pooled", pool=dict(PLAIN))
    yield made
    made.close()
    made.close_pool()


def raw_path(database: DatabaseWrapper) -> str:
    database.ensure_connection()
    with database.connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return str(cursor.fetchone()[0])


def schema_of(database: DatabaseWrapper) -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def test_returned_session_knows_no_tenant(pooled: DatabaseWrapper, live_acme: TenantRef) -> None:
    assert schema_of(pooled) == live_acme.schema

    pooled.close()

    assert raw_path(pooled) == '""'


def test_session_returned_in_a_transaction_knows_no_tenant(pooled: DatabaseWrapper) -> None:
    pooled.set_autocommit(False)
    schema_of(pooled)

    pooled.close()

    assert raw_path(pooled) == '""'


def test_new_session_knows_no_tenant(live_acme: TenantRef) -> None:
    fresh = wrapper("fresh")

    assert raw_path(fresh) == '""'
    fresh.close()


def test_session_without_reset_still_knows_the_tenant(live_acme: TenantRef) -> None:
    stock = wrapper("stock", pool=PLAIN | {"reset": lambda _connection: None})  # the negative control
    schema_of(stock)
    stock.close()

    assert live_acme.schema in raw_path(stock)
    stock.close()
    stock.close_pool()


def test_mixed_work_of_many_threads_never_sees_the_neighbour(live_acme: TenantRef, live_globex: TenantRef) -> None:
    crowd = wrapper("crowd", pool=PLAIN | {"max_size": 3})

    def work(number: int) -> bool:
        tenant = (live_acme, live_globex)[number % 2]
        own = DatabaseWrapper(crowd.settings_dict, alias="crowd")
        with tenant_scope(tenant):
            seen = [schema_of(own)]
            if number % 3 == 0:
                own.close()
            if number % 5 == 0:
                with suppress(ZeroDivisionError):
                    fail_in_a_transaction(own, seen)
            seen.append(schema_of(own))
        with platform_scope("between"):
            seen_outside = schema_of(own)
        own.close()
        return set(seen) == {tenant.schema} and seen_outside == "public"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(200)))
    crowd.close_pool()

    assert all(results)


def fail_in_a_transaction(database: DatabaseWrapper, seen: list[str]) -> None:
    database.set_autocommit(False)
    try:
        seen.append(schema_of(database))
        raise ZeroDivisionError
    finally:
        database.rollback()
        database.set_autocommit(True)


@pytest.mark.django_db
def test_missing_server_is_an_operational_error_at_once() -> None:
    absent = wrapper("absent", connect_timeout=1)
    absent.settings_dict["PORT"] = "1"

    with platform_scope("ask"), pytest.raises(OperationalError):
        schema_of(absent)


def test_exhausted_pool_is_an_operational_error_after_its_timeout(live_acme: TenantRef) -> None:
    first = wrapper("full", pool=dict(PLAIN))
    second = DatabaseWrapper(first.settings_dict, alias="full")
    schema_of(first)
    first.pool.timeout = 0.1

    with pytest.raises(OperationalError):
        schema_of(second)
    first.close()
    first.close_pool()


def test_session_that_the_server_ended_is_replaced_unnoticed(pooled: DatabaseWrapper, live_acme: TenantRef) -> None:
    schema_of(pooled)
    process = pooled.connection.info.backend_pid
    pooled.close()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])

    assert schema_of(pooled) == live_acme.schema
