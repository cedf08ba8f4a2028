"""People, keys and the audit log in the console."""

from dataclasses import replace

import pytest

from apps.security.models import ApiKey, SigningKey, TokenFamily, User
from apps.security.services import create_api_key
from apps.security.tokens.services import exchange
from rustok.context import Actor, current
from tests.support.console import Visitor, notices, offered


@pytest.fixture
def owner(acme):
    return Visitor("owner", acme)


@pytest.fixture
def key(acme):
    made, _plain = create_api_key(name="robot", permissions=["order:read"], context=current())
    return made


def test_a_person_is_added_with_a_role_of_this_side(owner):
    data = {"username": "bob", "email": "", "role": "manager", "password": "correct horse battery"}

    answer = owner.do("security_user", "create", **data)

    assert "bob" in notices(answer)
    assert User.objects.get(username="bob").role == "manager"


def test_an_operator_cannot_be_made_in_a_shop(owner):
    data = {"username": "bob", "email": "", "role": "operator", "password": "correct horse battery"}

    assert owner.do("security_user", "create", **data).context["form"].errors["role"]


def test_a_weak_password_is_explained_in_its_place(owner):
    data = {"username": "bob", "email": "", "role": "manager", "password": "short"}

    assert owner.do("security_user", "create", **data).context["form"].errors["password"]


def test_a_key_is_shown_once_and_not_kept_by_caches(owner):
    answer = owner.do("security_apikey", "create", name="robot", permissions=["order:*"], expires_at="")

    secret = answer.context["done"].secrets[0].value
    assert secret.startswith("rk_")
    assert "no-store" in answer["Cache-Control"]
    assert secret not in owner.page("security_apikey", ApiKey.objects.get(name="robot")).content.decode()


def test_a_key_is_revoked_once(owner, key):
    owner.do("security_apikey", "revoke", key)

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert offered(owner.page("security_apikey", key)) == set()


def test_a_signing_key_is_shown_once_and_revoked(owner):
    answer = owner.do("security_signingkey", "create", name="robot", permissions=["order:*"], expires_at="")
    key_id, secret = (item.value for item in answer.context["done"].secrets)
    key = SigningKey.objects.get(key_id=key_id)

    assert secret not in owner.page("security_signingkey", key).content.decode()
    owner.do("security_signingkey", "revoke", key)
    assert offered(owner.page("security_signingkey", key)) == set()


def test_nobody_is_offered_a_permission_of_the_other_side(owner):
    page = owner.get(owner.address("security_apikey_do_create"))
    choices = {value for value, _label in page.context["form"].fields["permissions"].choices}

    assert "order:*" in choices
    assert not any(choice.startswith("tenant:") for choice in choices)


def test_an_operator_is_offered_no_permission_of_a_shop(platform):
    operator = Visitor("operator")
    page = operator.get(operator.address("security_apikey_do_create"))
    choices = {value for value, _label in page.context["form"].fields["permissions"].choices}

    assert "tenant:*" in choices
    assert not any(choice.startswith("order:") for choice in choices)


def test_the_audit_log_is_there_to_be_read(owner, key):
    found = owner.list("security_auditentry", "?q=api_key:create")

    assert "api_key:create" in found.content.decode()
    assert offered(found) == {"shred"}


def test_an_api_key_is_bound_to_networks_and_rotated(owner):
    wishes = {"permissions": ["order:read"], "expires_at": "", "allowed_networks": "192.0.2.0/24\n2001:db8::/32"}
    owner.do("security_apikey", "create", name="robot", **wishes)
    old = ApiKey.objects.get(name="robot")

    answer = owner.do("security_apikey", "rotate", old, overlap_hours="2")

    secret = answer.context["done"].secrets[0].value
    assert ApiKey.objects.get(prefix=secret.split("_")[1]).allowed_networks == ["192.0.2.0/24", "2001:db8::/32"]
    old.refresh_from_db()
    assert old.expires_at is not None


def test_a_network_that_is_none_is_explained_in_its_place(owner):
    wishes = {"permissions": ["order:read"], "expires_at": "", "allowed_networks": "192.0.2.1/24"}

    answer = owner.do("security_apikey", "create", name="robot", **wishes)

    assert answer.context["form"].errors["allowed_networks"]


def test_a_session_of_service_tokens_is_seen_and_ended(owner, key):
    acting = replace(current(), actor=Actor("api_key", str(key.pk), key.name), permissions=frozenset(key.permissions))
    family = TokenFamily.objects.get(pk=exchange(permissions=None, context=acting).family)
    assert "robot" in owner.page("security_tokenfamily", family).content.decode()

    owner.do("security_tokenfamily", "revoke", family)

    family.refresh_from_db()
    assert family.revoked_at is not None
    assert offered(owner.page("security_tokenfamily", family)) == set()
