"""Two shops, one crowd: what is written in one is never seen in the other (issue's acceptance 4)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper

from apps.customers.models import Customer
from apps.security.services import create_api_key
from apps.tenants.isolation import current_tenant, platform_scope, tenant_scope
from rustok.celery import task
from rustok.context import TenantRef, current
from rustok.errors.families import TenantContextMissing
from rustok.operations import INTERNAL, Criticality
from tests.support.crowd import crowd
from tests.support.sessions import seen_schema
from tests.support.tenants import entered

WORK = 200


def add_customer(name: str) -> Customer:
    now = timezone.now()
    return Customer.objects.create(name=name, created_at=now, updated_at=now)


def by_orm(slug: str) -> set[str]:
    return {name.partition("-")[0] for name in Customer.objects.values_list("name", flat=True)}


def by_raw_sql(slug: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT split_part(name, '-', 1) FROM customers_customer")
        return {row[0] for row in cursor.fetchall()}


def by_server_side_cursor(slug: str) -> set[str]:
    with transaction.atomic():
        return {customer.name.partition("-")[0] for customer in Customer.objects.iterator(chunk_size=2)}


def by_write(slug: str) -> set[str]:
    return {add_customer(f"{slug}-{random.random()}").name.partition("-")[0]}


def by_failure(slug: str) -> set[str]:
    with suppress(ZeroDivisionError), transaction.atomic():
        add_customer(f"{slug}-lost")
        raise ZeroDivisionError
    return by_orm(slug)


def by_cache(slug: str) -> set[str]:
    cache.set("who", slug)
    return {cache.get("who")}


def by_session(slug: str) -> set[str]:
    session = SessionStore()
    session["who"] = slug
    session.save()
    return {SessionStore(session.session_key)["who"]}


WAYS: list[Callable[[str], set[str]]] = [
    by_orm,
    by_raw_sql,
    by_server_side_cursor,
    by_write,
    by_failure,
    by_cache,
    by_session,
]


@pytest.fixture
def shops(live_acme: TenantRef, live_globex: TenantRef) -> list[TenantRef]:
    for shop in (live_acme, live_globex):
        with tenant_scope(shop):
            for number in range(5):
                add_customer(f"{shop.slug}-{number}")
    return [live_acme, live_globex]


def test_parallel_work_of_every_kind_stays_apart(shops: list[TenantRef]) -> None:
    def work(number: int) -> set[bool]:
        shop, way = shops[number % 2], WAYS[number % len(WAYS)]
        try:
            with entered(shop):
                return {seen == shop.slug for seen in way(shop.slug)} | {seen_schema() == shop.schema}
        finally:
            if number % 3 == 0:
                connection.close()

    assert set().union(*crowd(work, pieces=WORK)) == {True}


def test_parallel_requests_with_forged_headers_stay_apart(shops: list[TenantRef], client_of) -> None:
    keys = {shop.slug: key_of(shop) for shop in shops}

    def work(number: int) -> set[bool]:
        shop, other = shops[number % 2], shops[(number + 1) % 2]
        client: Client = client_of(shop, HTTP_AUTHORIZATION=f"Bearer {keys[shop.slug]}")
        forged = {"X-Forwarded-Host": f"{other.slug}.localhost", "X-Tenant-ID": other.slug} if number % 4 < 2 else {}
        page = client.get("/api/v1/customers/", headers=forged)
        names = {customer["name"].partition("-")[0] for customer in page.json()["results"]}
        return {page.status_code == 200, names == {shop.slug}, current().schema is None}

    assert set().union(*crowd(work, pieces=WORK)) == {True}


def test_async_queries_of_two_shops_stay_apart(shops: list[TenantRef]) -> None:
    async def read(shop: TenantRef) -> bool:
        with tenant_scope(shop):
            names = {customer.name.partition("-")[0] async for customer in Customer.objects.all()}
        return names == {shop.slug}

    async def everybody() -> list[bool]:
        try:
            return await asyncio.gather(*(read(shop) for shop in shops * 20))
        finally:
            await sync_to_async(close_own)()

    assert all(asyncio.run(everybody()))


def close_own() -> None:
    connection.close()  # of the thread that runs this


def key_of(shop: TenantRef) -> str:
    with entered(shop) as context:
        return create_api_key(name="crowd", permissions=["customer:read"], context=context)[1]


def test_key_of_one_shop_opens_nothing_in_the_other(shops: list[TenantRef], client_of) -> None:
    client = client_of(shops[1], HTTP_AUTHORIZATION=f"Bearer {key_of(shops[0])}")

    assert client.get("/api/v1/customers/").status_code == 403


def test_stock_connection_hands_its_raw_session_to_the_next_tenant(shops: list[TenantRef]) -> None:
    """The negative control: what django-tenants itself does with a session that changes hands (trap 15)."""
    stock = StockWrapper(connection.settings_dict, alias="stock")
    stock.set_schema(shops[0].schema)
    stock.cursor().close()
    stock.set_schema(shops[1].schema)  # the next request's tenant

    with stock.connection.cursor() as raw:
        raw.execute("SELECT current_schema()")
        assert raw.fetchone()[0] == shops[0].schema
    stock.close()


def test_scope_is_checked_again_after_each_inner_scope(shops: list[TenantRef]) -> None:
    for _round in range(3):
        with tenant_scope(shops[1]):
            assert by_orm("") == {"globex"}
        with platform_scope("between"):
            assert seen_schema() == "public"
        assert by_orm("") == {current_tenant().slug} == {"acme"}


def test_task_without_a_tenant_is_refused_and_writes_nowhere(live_acme: TenantRef) -> None:
    """Trap 19: a task that forgot its scope must not run in `public`, even when its caller had one."""

    @task(name="tests.forgetful", permission=INTERNAL, criticality=Criticality.LOW)
    def forgetful() -> None:
        add_customer("nobody's")

    with pytest.raises(TenantContextMissing):
        forgetful()
    assert not Customer.objects.exists()
