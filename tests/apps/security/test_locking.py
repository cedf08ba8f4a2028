"""Locking people out: what ends, who may, and that it is undone."""

from dataclasses import replace

import pytest

from apps.security.access.errors import LastOwner, OwnAccount
from apps.security.access.services import assign_role
from apps.security.errors import GrantExceeded
from apps.security.identity.visits import StartVisit, start_visit
from apps.security.locking import lock_person, unlock_person
from apps.security.models import AuditEntry, BreakGlass, User
from apps.security.roles import permissions_of
from apps.security.services import create_user, set_password
from apps.security.tokens.services import exchange_for_person, refresh
from apps.tenants.isolation import tenant_scope
from rustok.context import current
from rustok.db.ids import new_id
from rustok.errors.families import InvalidCredentials, NotFound
from tests.support.console import Visitor, notices, offered
from tests.support.tenants import MALLORY, ref_of


@pytest.fixture
def person(context):
    def go(name, role):
        return create_user(username=name, password=None, role=role, context=context)

    return go


def test_tokens_of_who_is_locked_end_and_do_not_come_back(person, context):
    bob = person("bob", "manager")
    tokens = exchange_for_person(user=bob, permissions=None, context=context)
    lock_person(user_id=bob.pk, context=context)
    unlock_person(user_id=bob.pk, context=context)

    with pytest.raises(InvalidCredentials):
        refresh(token=tokens.refresh_token, permissions=None, context=context)


def test_an_administrator_locks_a_person_out_and_in_again_in_the_console(acme):
    owner, bob = Visitor("owner", acme), Visitor("manager", acme)
    owner.prove()

    assert "locked out" in notices(owner.do("security_user", "lock", bob.user))
    assert "/admin/login/" in bob.get("/admin/").url
    assert "let_in" in offered(owner.page("security_user", bob.user))
    owner.do("security_user", "let_in", bob.user)

    assert User.objects.get(pk=bob.user.pk).is_active
    assert {"user:lock", "user:let_in"} <= set(AuditEntry.objects.values_list("action", flat=True))
    assert "/admin/login/" in bob.get("/admin/").url


def test_visits_of_an_operator_who_is_locked_end_on_both_sides(platform):
    root = create_user(username="root", password=None, role="operator", context=platform)
    create_user(username="other", password=None, role="operator", context=platform)
    wanted = StartVisit(tenant="acme", reason="looks after ticket 4711", minutes=15, level="look")
    start_visit(input=wanted, operator_id=root.pk, context=replace(current(), actor=root.actor))

    lock_person(user_id=root.pk, context=platform)

    assert BreakGlass.objects.get().ended_at is not None
    with tenant_scope(ref_of("acme")):
        assert BreakGlass.objects.get().ended_at is not None


def test_nobody_locks_who_may_do_more_locked_or_not(person, context):
    owner, _second = person("carol", "owner"), person("dora", "owner")
    admin = replace(context, actor=MALLORY, permissions=permissions_of("admin"))
    with pytest.raises(GrantExceeded):
        lock_person(user_id=owner.pk, context=admin)
    owner = lock_person(user_id=owner.pk, context=context)

    with pytest.raises(GrantExceeded):
        unlock_person(user_id=owner.pk, context=admin)
    with pytest.raises(GrantExceeded):
        set_password(user=owner, password="correct horse battery", context=admin)
    with pytest.raises(GrantExceeded):
        assign_role(user_id=owner.pk, role="viewer", context=admin)


def test_nobody_locks_themselves_the_last_owner_or_a_stranger(person, context):
    owner = person("carol", "owner")
    with pytest.raises(OwnAccount):
        lock_person(user_id=owner.pk, context=replace(context, actor=owner.actor))
    for other in User.objects.filter(role="owner").exclude(pk=owner.pk):
        lock_person(user_id=other.pk, context=context)
    with pytest.raises(LastOwner):
        lock_person(user_id=owner.pk, context=context)
    with pytest.raises(NotFound):
        lock_person(user_id=new_id(), context=context)
