"""Roles of a shop's own: who may make, change, give and remove them, and when it holds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from apps.security.access import services
from apps.security.access.errors import LastOwner, RoleFixed, RoleInUse
from apps.security.access.queries import get_role, roles
from apps.security.errors import GrantExceeded
from apps.security.models import AuditEntry, Role, User
from apps.security.roles import FIXED, PERMISSIONS, TENANT_ROLES
from apps.security.services import create_user
from rustok.context import current
from rustok.db.ids import new_id
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound, PermissionDenied, VersionConflict
from tests.support.console import Visitor
from tests.support.rest import Integrator
from tests.support.statements import counted

PACKER = services.CreateRole(slug="packer", name="Packer", grants=["order:read", "order:ship"])


@pytest.fixture
def packer(acme):
    return services.create_role(input=PACKER, context=current())


def person(role, name="bob"):
    return create_user(username=name, password=None, role=role, context=current())


def holding(*grants):
    return replace(current(), permissions=frozenset(grants))


def test_every_shop_has_the_built_in_roles_once_somebody_is_there(acme):
    person("viewer")

    assert {role.slug for role in roles() if role.is_system} == set(TENANT_ROLES)
    assert get_role("viewer").users == 1


def test_a_person_may_what_the_role_grants(packer):
    bob = User.objects.get(pk=person("packer").pk)

    assert bob.permissions == {"order:read", "order:ship"}
    assert not bob.is_staff


def test_a_change_holds_for_the_next_request_of_everybody_at_no_extra_statement(packer):
    bob = person("packer")
    services.change_role(slug="packer", input=services.ChangeRole(grants=["stock:read"]), context=current())

    with counted() as statements:
        permissions = User.objects.get(pk=bob.pk).permissions
    assert (permissions, len(statements)) == ({"stock:read"}, 1)


def test_a_built_in_role_can_be_changed_and_set_back(acme):
    services.seed_roles()
    services.change_role(slug="viewer", input=services.ChangeRole(grants=["order:manage"]), context=current())
    changed = User.objects.get(pk=person("viewer").pk).permissions
    services.change_role(slug="viewer", input=services.ChangeRole(reset=True), context=current())

    assert changed == {"order:*"}
    assert get_role("viewer").permissions == PERMISSIONS["viewer"]
    assert Role.objects.get(slug="viewer").grants is None


@pytest.mark.parametrize(
    "deed",
    [partial(services.change_role, input=services.ChangeRole(grants=["order:read"])), services.delete_role],
    ids=["change", "delete"],
)
def test_the_owner_cannot_be_locked_out(acme, deed):
    services.seed_roles()
    with pytest.raises(RoleFixed):
        deed(slug="owner", context=current())


def test_not_even_by_sql(acme):
    services.seed_roles()
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.filter(slug__in=FIXED).update(grants=["order:read"])


def test_the_last_owner_stays_one_and_the_last_but_one_may_go(acme):
    ann = User.objects.get(role="owner") if User.objects.filter(role="owner").exists() else person("owner", "ann")
    with pytest.raises(LastOwner):
        services.assign_role(user_id=ann.pk, role="viewer", context=current())
    person("owner", "bob")

    assert services.assign_role(user_id=ann.pk, role="viewer", context=current()).role == "viewer"


def test_a_role_in_use_cannot_be_deleted(packer):
    bob = person("packer")
    with pytest.raises(RoleInUse):
        services.delete_role(slug="packer", context=current())
    services.assign_role(user_id=bob.pk, role="viewer", context=current())
    services.delete_role(slug="packer", context=current())

    assert not Role.objects.filter(slug="packer").exists()


BAD = [
    {"slug": "Packer"}, {"slug": "a" * 33}, {"slug": ""}, {"name": ""},
    {"grants": []}, {"grants": ["order"]}, {"grants": ["*:read"]}, {"grants": ["order:juggle"]}, {"grants": ["x:read"]},
    {"grants": ["order:read:mine"]}, {"grants": ["order:read"] * 201},
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD, ids=lambda wrong: str(wrong)[:40])
def test_bad_roles_are_refused(acme, wrong):
    with pytest.raises(InvalidInput):
        services.create_role(input=replace(PACKER, **wrong), context=current())


@pytest.mark.parametrize("slug", ["owner", "operator", "viewer"])
def test_a_built_in_name_is_taken(acme, slug):
    with pytest.raises(DuplicateEntry):
        services.create_role(input=replace(PACKER, slug=slug), context=current())


def test_a_slug_is_taken_once(packer):
    with pytest.raises(DuplicateEntry), transaction.atomic():
        services.create_role(input=PACKER, context=current())


BEYOND = [
    (("role:*", "order:read"), ["order:ship"]),
    (("role:*", "order:read:own"), ["order:read"]),
    (("role:*", "order:*", "order:refund:none"), ["order:*"]),
    (("role:*", "order:*", "order:refund:none"), ["order:refund"]),
    (("role:*",), ["*:*"]),
]
WITHIN = [
    (("role:*", "order:*"), ["order:ship"]),
    (("role:*", "order:*"), ["order:read:own"]),
    (("role:*", "order:*", "order:refund:none"), ["order:*", "order:refund:none"]),
    (("role:*", "order:*", "order:refund:none"), ["order:read", "stock:read:none"]),
]


@pytest.mark.parametrize(("held", "wanted"), BEYOND, ids=str)
def test_nobody_puts_into_a_role_what_they_lack(acme, held, wanted):
    with pytest.raises(GrantExceeded):
        services.create_role(input=replace(PACKER, grants=wanted), context=holding(*held))


@pytest.mark.parametrize(("held", "wanted"), WITHIN, ids=str)
def test_whatever_is_held_may_be_put_into_a_role(acme, held, wanted):
    assert services.create_role(input=replace(PACKER, grants=wanted), context=holding(*held)).pk


def test_nobody_touches_a_role_or_person_stronger_than_themselves(packer):
    bob, weak = person("packer"), holding("role:*", "user:*", "stock:read")

    with pytest.raises(GrantExceeded):
        services.change_role(slug="packer", input=services.ChangeRole(grants=["stock:read"]), context=weak)
    with pytest.raises(GrantExceeded):
        services.assign_role(user_id=bob.pk, role="viewer", context=weak)


def test_writes_need_their_permission_and_the_version_that_was_seen(packer):
    with pytest.raises(PermissionDenied):
        services.create_role(input=PACKER, context=holding("role:read"))
    with pytest.raises(PermissionDenied):
        services.assign_role(user_id=new_id(), role="viewer", context=holding("role:*"))
    with pytest.raises(VersionConflict):
        services.delete_role(slug="packer", context=current(), expected_version=7)
    with pytest.raises(NotFound):
        services.delete_role(slug="nobody", context=current())


def test_every_change_is_on_the_record_with_what_was_before(packer):
    services.change_role(slug="packer", input=services.ChangeRole(grants=["stock:read"]), context=current())

    entry = AuditEntry.objects.filter(action="role:update").get()
    assert entry.details["grants"] == ["stock:read"]
    assert entry.details["before"]["grants"] == ["order:read", "order:ship"]


def test_roles_over_rest_from_making_to_removing(acme, context):
    shop = Integrator(acme, context)
    made = shop.post("roles/", {"slug": "packer", "name": "Packer", "grants": ["order:manage", "cart:read:own"]})
    changed = shop.send("PATCH", "roles/packer/", {"grants": ["order:read"]}, if_match=made["ETag"])
    stale = shop.send("PATCH", "roles/packer/", {"grants": ["stock:read"]}, if_match=made["ETag"])
    bob = person("viewer")
    given = shop.post("roles/packer/assign/", {"user": str(bob.pk)})
    in_use = shop.send("DELETE", "roles/packer/")

    assert (made.status_code, made.json()["grants"]) == (201, ["cart:read:own", "order:*"])
    assert (changed.status_code, changed.json()["grants"], stale.status_code) == (200, ["order:read"], 412)
    assert (given.json()["role"], in_use.json()["code"]) == ("packer", RoleInUse.code)
    assert shop.get("roles/packer/").json()["users"] == 1
    assert "packer" in {role["slug"] for role in shop.get("roles/").json()["results"]}


def test_roles_in_the_console_from_making_to_removing(acme):
    owner = Visitor("owner", acme)
    owner.do("security_role", "create", slug="packer", name="Packer", grants=["order:read", "cart:read:own"])
    role = Role.objects.get(slug="packer")
    assert role.grants == ["cart:read:own", "order:read"]

    owner.do("security_role", "change", role, grants=["order:read"])
    assert Role.objects.get(slug="packer").grants == ["order:read"]
    assert "packer" in owner.list("security_role").content.decode()

    bob = person("viewer")
    owner.do("security_user", "assign_role", bob, role="packer")
    assert User.objects.get(pk=bob.pk).role == "packer"
    owner.do("security_role", "delete", role)
    assert Role.objects.filter(slug="packer").exists()


def test_a_customer_and_a_role_without_the_console_stay_outside(acme, packer):
    for role in ("customer", "packer"):
        assert Visitor(role, acme).list("orders_order").status_code == 302
