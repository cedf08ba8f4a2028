"""Scopes restore what was there, whatever happens inside, and keep closed shops closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from apps.tenants.errors import TenantNotFound, TenantNotReady, TenantSuspended
from apps.tenants.isolation import current_tenant, platform_scope, tenant_scope
from apps.tenants.isolation.scopes import ScopeMixedUp
from apps.tenants.queries import get_tenant
from rustok.context import ExecutionContext, TenantRef, current, use
from rustok.db.ids import new_id
from rustok.errors.families import TenantContextMissing

ACME = TenantRef(id=new_id(), slug="acme", name="Acme", schema="t_00000000000a")
GLOBEX = TenantRef(id=new_id(), slug="globex", name="Globex", schema="t_00000000000b")


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    with use(ExecutionContext()):
        yield


def test_scope_restores_the_one_before() -> None:
    with tenant_scope(ACME):
        with tenant_scope(GLOBEX):
            assert current_tenant() == GLOBEX
        assert current_tenant() == ACME

    assert current().schema is None


def test_scope_restores_after_an_error() -> None:
    with tenant_scope(ACME):
        with pytest.raises(ZeroDivisionError), tenant_scope(GLOBEX):
            raise ZeroDivisionError
        assert current_tenant() == ACME


def test_recursion_unwinds_in_order() -> None:
    def descend(tenants: list[TenantRef]) -> list[str]:
        if not tenants:
            return []
        with tenant_scope(tenants[0]):
            return [*descend(tenants[1:]), current_tenant().slug]

    assert descend([ACME, GLOBEX, ACME]) == ["acme", "globex", "acme"]


def test_threads_start_outside_and_stay_apart() -> None:
    def work(tenant: TenantRef) -> tuple[str | None, str]:
        before = current().schema
        with tenant_scope(tenant):
            return before, current_tenant().slug

    with tenant_scope(ACME), ThreadPoolExecutor(4) as threads:
        seen = set(threads.map(work, [ACME, GLOBEX] * 50))

    assert seen == {(None, "acme"), (None, "globex")}


def test_async_tasks_stay_apart() -> None:
    async def work(tenant: TenantRef) -> bool:
        with tenant_scope(tenant):
            for _turn in range(5):
                await asyncio.sleep(0)
                if current_tenant() != tenant:
                    return False
        return True

    async def crowd() -> list[bool]:
        return await asyncio.gather(*(work(tenant) for tenant in [ACME, GLOBEX] * 50))

    assert all(asyncio.run(crowd()))


def test_scope_keeps_actor_permissions_and_trace() -> None:
    with (
        use(ExecutionContext(permissions=frozenset({"order:read"}), request_id="r1")) as outer,
        tenant_scope(ACME) as inner,
    ):
        assert inner == replace(outer, tenant=ACME)


def test_generator_that_yields_in_a_scope_is_noticed() -> None:
    def leaking() -> Iterator[int]:
        with tenant_scope(GLOBEX):
            yield 1

    generator = leaking()
    with pytest.raises(ScopeMixedUp), tenant_scope(ACME):
        next(generator)


@pytest.mark.parametrize(("status", "error"), [("suspended", TenantSuspended), ("provisioning", TenantNotReady)])
def test_closed_shop_is_refused_unless_maintenance_says_so(status: str, error: type[Exception]) -> None:
    closed = replace(ACME, status=status)

    with pytest.raises(error), tenant_scope(closed):
        pass
    with tenant_scope(closed, even_suspended=True):
        assert current_tenant() == closed


@pytest.mark.parametrize("where", ["outside", "platform"])
def test_there_is_no_current_tenant_outside_tenant_scopes(where: str) -> None:
    scope = platform_scope("look") if where == "platform" else use(ExecutionContext())
    with scope, pytest.raises(TenantContextMissing):
        current_tenant()


def test_platform_scope_wants_a_reason() -> None:
    with pytest.raises(ValueError, match="why"), platform_scope(""):
        pass


def test_scope_opens_by_slug_and_by_row(acme: TenantRef) -> None:
    with platform_scope("read the row"):
        row = get_tenant("acme")

    with tenant_scope("acme") as by_slug, tenant_scope(row) as by_row:
        assert by_slug.schema == by_row.schema == acme.schema


@pytest.mark.django_db
def test_unknown_slug_opens_nothing() -> None:
    with pytest.raises(TenantNotFound), tenant_scope("nobody"):
        pass
