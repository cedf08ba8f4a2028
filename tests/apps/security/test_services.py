"""Users and keys: who may make them, and that nobody hands on more than it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.security.errors import GrantExceeded
from apps.security.models import ApiKey, AuditEntry, User
from apps.security.roles import permissions_of
from apps.security.secrets import matches, parse_key
from apps.security.services import create_api_key, create_user, revoke_api_key, set_password
from rustok.db.ids import new_id
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound, PermissionDenied
from tests.support.tenants import MALLORY

PASSWORD = "correct horse battery"


def bob(context, **changes):
    return create_user(**{"username": "bob", "password": PASSWORD, "role": "viewer", "context": context} | changes)


def test_user_signs_in_with_the_given_password(context):
    assert bob(context).check_password(PASSWORD)


def test_passwords_are_kept_by_argon2(context):
    assert bob(context).password.startswith("argon2$argon2id$")


def test_user_without_password_cannot_sign_in(context):
    assert not bob(context, password=None).has_usable_password()


@pytest.mark.parametrize("again", [{"username": "BOB"}, {"username": "rob", "email": "Bob@Example.com"}], ids=str)
def test_names_and_addresses_are_unique_whatever_their_case(context, again):
    bob(context, email="bob@example.com")

    with pytest.raises(DuplicateEntry):
        bob(context, **again)


BAD_USERS = [
    {"username": ""}, {"username": "a\x00b"}, {"username": "a b"}, {"username": "x" * 151},
    {"email": "no address"}, {"role": "god"}, {"role": "operator"}, {"password": "short"}, {"password": "password1234"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_USERS, ids=str)
def test_bad_users_are_refused(context, wrong):
    with pytest.raises(InvalidInput):
        bob(context, **wrong)

    assert not User.objects.filter(role="viewer").exists()


def test_operators_exist_on_the_platform_only(platform):
    assert bob(platform, role="operator").has_perm("tenant:suspend")

    with pytest.raises(InvalidInput):
        bob(platform, username="rob", role="owner")


def test_nobody_makes_a_user_with_a_stronger_role(context):
    weak = replace(context, permissions=frozenset({"user:create", "product:*"}))

    with pytest.raises(GrantExceeded):
        bob(weak, role="manager")


def test_outsider_makes_no_user(mallory_context):
    with pytest.raises(PermissionDenied):
        bob(mallory_context)


def test_password_of_others_needs_a_permission(context, mallory_context):
    user = bob(context)

    with pytest.raises(PermissionDenied):
        set_password(user=user, password=PASSWORD + "!", context=mallory_context)


def test_own_password_needs_none(context):
    user = bob(context)

    set_password(
        user=user, password=PASSWORD + "!", context=replace(context, actor=user.actor, permissions=frozenset())
    )

    assert User.objects.get(pk=user.pk).check_password(PASSWORD + "!")


def test_key_is_kept_as_a_hash_only(context):
    _key, plain = create_api_key(name="till", permissions=["order:create"], context=context)

    prefix, secret_hash = parse_key(plain)
    stored = ApiKey.objects.get(prefix=prefix)
    assert matches(stored.secret_hash, secret_hash)
    assert plain.rpartition("_")[2] not in str(vars(stored))


BAD_GRANTS = [[], ["order"], ["*:read"], ["Order:create"], ["order:create", "x"]]


@pytest.mark.parametrize("permissions", BAD_GRANTS, ids=str)
def test_what_is_no_permission_cannot_be_granted(context, permissions):
    with pytest.raises(InvalidInput):
        create_api_key(name="till", permissions=permissions, context=context)


@pytest.mark.parametrize("wanted", ["order:create", "product:*", "*:*"])
def test_caller_grants_only_what_it_holds(context, wanted):
    caller = replace(context, permissions=frozenset({"api_key:create", "product:read"}))

    with pytest.raises(GrantExceeded) as refused:
        create_api_key(name="till", permissions=["product:read", wanted], context=caller)

    assert refused.value.context["permission"] == wanted


def test_key_cannot_expire_in_the_past(context):
    with pytest.raises(InvalidInput):
        create_api_key(
            name="till", permissions=["order:read"], context=context, expires_at=timezone.now() - timedelta(seconds=1)
        )


def test_outsider_makes_and_revokes_no_key(context, mallory_context):
    key, _plain = create_api_key(name="till", permissions=["order:read"], context=context)

    with pytest.raises(PermissionDenied):
        create_api_key(name="till", permissions=["order:read"], context=mallory_context)
    with pytest.raises(PermissionDenied):
        revoke_api_key(key_id=key.pk, context=mallory_context)


def test_revoking_twice_keeps_the_first_time(context):
    key, _plain = create_api_key(name="till", permissions=["order:read"], context=context)

    first = revoke_api_key(key_id=key.pk, context=context).revoked_at

    assert revoke_api_key(key_id=key.pk, context=context).revoked_at == first
    assert AuditEntry.objects.filter(action="api_key:revoke").count() == 1


def test_unknown_key_cannot_be_revoked(context):
    with pytest.raises(NotFound):
        revoke_api_key(key_id=new_id(), context=context)


def test_every_deed_is_on_the_record_without_secrets(context):
    key, plain = create_api_key(name="till", permissions=["order:read"], context=context)
    user = bob(context)

    entries = {entry.target: entry for entry in AuditEntry.objects.all()}
    assert entries[str(key.pk)].actor == "user:alice"
    assert entries[str(user.pk)].details == {"role": "viewer"}
    assert plain not in str([vars(entry) for entry in entries.values()])


def test_nobody_takes_over_who_may_do_more_by_setting_a_password(context):
    owner = bob(context, role="owner")
    admin = replace(context, actor=MALLORY, permissions=permissions_of("admin"))

    with pytest.raises(GrantExceeded):
        set_password(user=owner, password=f"{PASSWORD} again", context=admin)
    set_password(user=bob(context, username="ann"), password=f"{PASSWORD} again", context=admin)
