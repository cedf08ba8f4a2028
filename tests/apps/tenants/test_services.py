"""Rows of tenants, and the numbered list of changes that other processes follow."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.tenants.errors import TenantNotFound
from apps.tenants.models import Domain, Tenant, TenantChange, schema_name_for
from apps.tenants.queries import active_tenants, domains_of, get_tenant, get_tenant_by_id, primary_host, resolve_slug
from apps.tenants.services import announce_change, lock_tenant, move_tenant, register_tenant
from rustok.context import TenantRef
from rustok.db.ids import new_id
from rustok.db.transactions import TransactionRequired, unit_of_work
from rustok.errors.families import DuplicateEntry, IllegalTransition, VersionConflict
from tests.support.crowd import crowd
from tests.support.tenants import TenantFactory, acting, platform_scope

pytestmark = pytest.mark.usefixtures("platform")


def register(slug: str = "initech", *domains: str) -> Tenant:
    with unit_of_work():
        return register_tenant(
            slug=slug, name="Initech", locale="en", domains=domains or (f"{slug}.localhost",), at=timezone.now()
        )


def test_registered_tenant_has_a_schema_name_of_its_own() -> None:
    tenant = register()

    assert tenant.schema_name == schema_name_for(tenant.pk) == f"t_{tenant.pk.hex[-12:]}"
    assert tenant.status == "provisioning"


def test_first_domain_is_the_primary_one() -> None:
    tenant = register("initech", "initech.localhost", "shop.example.com")

    assert [str(domain) for domain in domains_of(tenant.pk)] == ["initech.localhost", "shop.example.com"]
    assert primary_host(tenant.pk) == "initech.localhost"


@pytest.mark.parametrize("arguments", [("acme", "new.localhost"), ("new", "acme.localhost")])
def test_taken_slug_or_domain_is_refused_and_the_transaction_lives_on(arguments: tuple[str, ...]) -> None:
    with unit_of_work():
        with pytest.raises(DuplicateEntry):
            register_tenant(slug=arguments[0], name="x", locale="en", domains=arguments[1:], at=timezone.now())
        assert Tenant.objects.filter(slug="acme").exists()


@pytest.mark.parametrize("block", [announce_change, lock_tenant])
def test_building_blocks_want_the_callers_transaction(block) -> None:
    with pytest.raises(TransactionRequired):
        block(new_id())


def test_move_counts_versions_and_announces(acme: TenantRef) -> None:
    with platform_scope("suspend"), unit_of_work():
        tenant = lock_tenant(acme.id)
        before = TenantChange.objects.count()
        move_tenant(tenant, "suspended", reason="unpaid")
        assert TenantChange.objects.count() == before + 1

    assert (tenant.status, tenant.status_reason, tenant.version) == ("suspended", "unpaid", 3)


def test_illegal_move_is_refused() -> None:
    with unit_of_work(), pytest.raises(IllegalTransition):
        move_tenant(lock_tenant(get_tenant("acme").pk), "provisioning")


def test_stale_version_is_refused() -> None:
    with unit_of_work(), pytest.raises(VersionConflict):
        lock_tenant(get_tenant("acme").pk, expected_version=1)


@pytest.mark.parametrize("find", [lock_tenant, get_tenant_by_id])
def test_unknown_tenant_is_not_found(find) -> None:
    with unit_of_work(), pytest.raises(TenantNotFound):
        find(new_id())


def test_database_refuses_an_unknown_status() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(slug="acme").update(status="asleep")


def test_database_refuses_a_second_primary_domain() -> None:
    tenant = get_tenant("acme")
    with pytest.raises(IntegrityError), transaction.atomic():
        Domain.objects.create(domain="second.example.com", tenant=tenant, is_primary=True)


def test_only_active_tenants_are_in_business() -> None:
    TenantFactory(slug="closed", status="suspended")

    assert [str(tenant) for tenant in active_tenants()] == ["acme", "globex"]


def test_slug_resolves_without_any_scope() -> None:
    with acting():
        assert resolve_slug("acme").slug == "acme"


@pytest.mark.django_db(transaction=True)
def test_parallel_changes_are_numbered_densely() -> None:
    with platform_scope("count"):
        first = TenantChange.objects.count()

    def change(_number: int) -> None:
        with acting(), platform_scope("announce"), unit_of_work():
            announce_change(new_id())

    crowd(change, pieces=24, threads=4)

    with platform_scope("read"):
        revisions = list(TenantChange.objects.values_list("revision", flat=True))
    assert sorted(revisions) == list(range(1, first + 25))
