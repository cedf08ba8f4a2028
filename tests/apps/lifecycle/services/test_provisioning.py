"""Opening a shop: all of it or nothing, once per slug, with an owner who can sign in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth import authenticate
from django.db import connection

from apps.lifecycle.schemas.migrations import missing_migrations
from apps.lifecycle.services import ProvisionTenant, provision_tenant, provisioning
from apps.security.queries import audit_entries, find_user
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import domains_of, find_tenant, resolve_slug
from rustok.context import ExecutionContext, TenantRef, current
from rustok.errors import DomainError
from rustok.errors.families import DuplicateEntry, InvalidInput, PermissionDenied
from tests.support.crowd import crowd
from tests.support.log import newest_types
from tests.support.tenants import ROOT, acting

INITECH = ProvisionTenant(slug="initech", name="Initech")


def schema_exists(schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [schema])
        return bool(cursor.fetchone()[0])


def test_new_shop_is_open_and_up_to_date(platform: ExecutionContext) -> None:
    made = provision_tenant(input=INITECH, context=platform)

    assert made.tenant.status == "active"
    assert made.url == "http://initech.localhost:8000"
    assert missing_migrations([made.tenant.schema_name]) == {made.tenant.schema_name: 0}
    assert resolve_slug("initech").schema == made.tenant.schema_name


def test_owner_can_sign_in_with_the_password_shown(platform: ExecutionContext) -> None:
    made = provision_tenant(input=INITECH, context=platform)

    with tenant_scope(made.tenant):
        owner = authenticate(username=made.admin_username, password=made.admin_password)
        assert owner is not None
        assert owner.role == "owner"
    assert find_user(username="owner") is None  # the platform has no such user


def test_given_password_and_domains_are_kept(platform: ExecutionContext) -> None:
    wanted = replace(INITECH, admin_username="ann", admin_password="tr0ub4dor and three", domains=("Shop.Example.com",))

    made = provision_tenant(input=wanted, context=platform)

    assert (made.admin_username, made.admin_password) == ("ann", "tr0ub4dor and three")
    assert [str(domain) for domain in domains_of(made.tenant.pk)] == ["initech.localhost", "shop.example.com"]


def test_secrets_do_not_print(platform: ExecutionContext) -> None:
    made = provision_tenant(input=replace(INITECH, admin_password="tr0ub4dor and three"), context=platform)

    assert "tr0ub4dor" not in f"{made!r} {INITECH!r}"


def test_event_and_audit_are_on_the_platform_side_and_the_owners_in_the_shop(platform: ExecutionContext) -> None:
    made = provision_tenant(input=INITECH, context=platform)

    assert newest_types(1) == ["tenants.tenant_provisioned"]
    assert next(entry for entry in audit_entries() if "row:" not in entry.action).action == "tenant:create"
    with tenant_scope(made.tenant):
        assert {entry.action for entry in audit_entries()} == {"user:create", "row:insert"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "admin"},
        {"slug": "no spaces"},
        {"name": ""},
        {"name": "line\nbreak"},
        {"locale": "tlh"},
        {"domains": ("localhost",)},
        {"domains": ("globex.localhost",)},
        {"domains": ("not a host",)},
        {"admin_username": ""},
        {"admin_password": "short"},
    ],
    ids=str,
)
def test_wrong_input_leaves_nothing_behind(platform: ExecutionContext, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        provision_tenant(input=replace(INITECH, **wrong), context=platform)

    assert find_tenant("initech") is None


def test_taken_slug_is_refused(platform: ExecutionContext) -> None:
    with pytest.raises(DomainError) as refusal:
        provision_tenant(input=replace(INITECH, slug="acme"), context=platform)

    assert refusal.value.code in {2002, 2116}


def test_permission_is_asked_first(platform: ExecutionContext) -> None:
    with pytest.raises(PermissionDenied):
        provision_tenant(input=INITECH, context=replace(platform, permissions=frozenset({"tenant:read"})))


@pytest.mark.django_db(transaction=True)
def test_failure_half_way_leaves_nothing_and_a_second_try_works(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def fail(tenant, *_rest: object) -> None:
        seen.append(tenant.schema_name)
        raise ZeroDivisionError

    with acting(ROOT) as context, platform_scope("look"):
        with monkeypatch.context() as patched:
            patched.setattr(provisioning, "_make_owner", fail)
            with pytest.raises(ZeroDivisionError):
                provision_tenant(input=INITECH, context=context)
        assert (find_tenant("initech"), schema_exists(seen[0])) == (None, False)
        assert provision_tenant(input=INITECH, context=context).tenant.status == "active"


@pytest.mark.django_db(transaction=True)
def test_race_for_one_slug_has_one_winner() -> None:
    def attempt(_number: int) -> str:
        with acting(ROOT) as context:
            try:
                return provision_tenant(input=INITECH, context=context).tenant.slug
            except DuplicateEntry:
                return "late"
            except DomainError as error:
                return "late" if error.code == 2116 else error.name

    assert sorted(crowd(attempt, pieces=4, threads=4)) == ["initech", "late", "late", "late"]


def test_shop_without_template_is_made_by_migrations(
    platform: ExecutionContext, monkeypatch: pytest.MonkeyPatch, acme: TenantRef
) -> None:
    monkeypatch.setattr(provisioning, "template_sql", lambda: None)
    with platform_scope("provision"):
        made = provision_tenant(input=INITECH, context=replace(current(), permissions=frozenset({"*:*"})))
        assert missing_migrations([made.tenant.schema_name]) == {made.tenant.schema_name: 0}
