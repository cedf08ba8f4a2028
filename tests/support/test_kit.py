"""The kit itself: shops are there at once, commits are followed, nothing stays behind."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.customers.models import Customer
from apps.security.models import User
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import ExecutionContext, TenantRef
from rustok.db.transactions import unit_of_work
from tests.support import baseline
from tests.support.sessions import seen_schema
from tests.support.tenants import TenantFactory, entered, ref_of


def add_customer() -> Customer:
    now = timezone.now()
    return Customer.objects.create(name="Ann", created_at=now, updated_at=now)


@pytest.mark.django_db
def test_shop_is_there_in_less_than_twenty_milliseconds() -> None:
    times = []
    for _round in range(15):
        started = time.perf_counter()
        with transaction.atomic(), entered(ref_of("acme")):
            transaction.set_rollback(True)
        times.append(time.perf_counter() - started)

    assert min(times) < 0.020, statistics.median(times)


def test_context_acts_as_alice_in_the_shop(acme: TenantRef, context: ExecutionContext) -> None:
    assert (context.tenant, context.actor.reference, context.allows("order:create")) == (acme, "user:alice", True)


def test_mallory_may_do_nothing(acme: TenantRef, mallory_context: ExecutionContext) -> None:
    assert (mallory_context.tenant, mallory_context.allows("order:read")) == (acme, False)


@pytest.mark.parametrize("_round", [1, 2])
def test_rolled_back_test_leaves_nothing(acme: TenantRef, _round: int) -> None:
    assert not Customer.objects.exists()
    add_customer()


@pytest.mark.parametrize("_round", [1, 2])
def test_committing_test_leaves_nothing(live_acme: TenantRef, live_globex: TenantRef, _round: int) -> None:
    assert not Customer.objects.exists()
    assert User.objects.count() == 1
    add_customer()
    User.objects.update(is_active=False)
    with tenant_scope(live_globex):
        add_customer()
    TenantFactory(schema=True)


@pytest.mark.django_db(transaction=True)
def test_only_dirty_tables_are_put_back(live_acme: TenantRef) -> None:
    add_customer()

    with platform_scope("count"), unit_of_work():
        assert baseline.restore() == 3  # the customer, the captured change, its wake-up
        assert baseline.restore() == 0


def test_commit_callbacks_run_when_the_outermost_block_ends(acme: TenantRef) -> None:
    seen: list[str] = []
    with unit_of_work() as outer:
        outer.after_commit(lambda: seen.append("outer"))
        with unit_of_work() as inner:
            inner.after_commit(lambda: seen.append("inner"))
        assert seen == []
    transaction.on_commit(lambda: seen.append("at once"))

    assert seen == ["outer", "inner", "at once"]


def test_callbacks_of_a_failed_block_do_not_run(acme: TenantRef) -> None:
    seen: list[str] = []
    with suppress(ZeroDivisionError), unit_of_work() as uow:
        uow.after_commit(lambda: seen.append("never"))
        raise ZeroDivisionError

    assert seen == []


def test_factory_makes_real_rows_and_a_real_schema(platform: ExecutionContext) -> None:
    tenant = TenantFactory(schema=True)

    with tenant_scope(tenant):
        assert seen_schema() == tenant.schema_name
        assert "orders_order" in connection.introspection.table_names()
