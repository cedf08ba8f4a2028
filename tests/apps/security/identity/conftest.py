"""People with a password that is cheap to check, and a browser that has not signed in yet."""

import pytest
from django.test import Client

from apps.security.services import create_user

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    """What is tested here is not how slow a hash is."""
    settings.PASSWORD_HASHERS = ("django.contrib.auth.hashers.MD5PasswordHasher",)


@pytest.fixture
def bob(context):
    """A manager of acme."""
    return create_user(username="bob", email="bob@example.com", password=PASSWORD, role="manager", context=context)


@pytest.fixture
def browser(acme):
    """A browser at acme's console."""
    return Client(headers={"host": "acme.localhost", "accept": "text/html", "user-agent": "Firefox/140 Linux"})


@pytest.fixture
def sign_in(browser):
    """Fill the login form; the value is the answer."""

    def go(username="bob", password=PASSWORD, headers=None, **more):
        return browser.post("/admin/login/", {"username": username, "password": password, **more}, headers=headers)

    return go
