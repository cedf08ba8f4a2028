"""Signing in to the console."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from apps.security.backends import ConsoleBackend
from apps.security.models import User
from apps.security.services import create_user
from apps.tenants.isolation import tenant_scope

PASSWORD = "correct horse battery"


@pytest.fixture
def bob(context):
    return create_user(username="bob", email="bob@example.com", password=PASSWORD, role="viewer", context=context)


@pytest.mark.parametrize("name", ["bob", "BOB", "bob@example.com", "Bob@Example.com"])
def test_name_or_address_and_password_open_the_door(bob, name):
    assert authenticate(None, username=name, password=PASSWORD) == bob


@pytest.mark.parametrize(
    ("name", "password"), [("bob", "wrong"), ("rob", PASSWORD), ("", ""), ("bob", ""), ("bob\x00", PASSWORD)]
)
def test_anything_else_does_not(bob, name, password):
    assert authenticate(None, username=name, password=password) is None


def test_inactive_user_is_locked_out_and_loses_the_session(bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert authenticate(None, username="bob", password=PASSWORD) is None
    assert ConsoleBackend().get_user(bob.pk) is None


def test_user_of_one_shop_is_nobody_in_another(bob, globex):
    with tenant_scope(globex):
        assert authenticate(None, username="bob", password=PASSWORD) is None
        assert ConsoleBackend().get_user(bob.pk) is None
