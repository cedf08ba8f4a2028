"""Against a provider that is not ours, as a process of its own: the way in, a no, a code used twice."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from apps.security.models import User
from apps.tenants.isolation import platform_scope
from tests.support.stack import free_port, wait_until

START = "/admin/login/oidc/"
ANN = {"sub": "ann", "email": "ann@example.com", "email_verified": True, "preferred_username": "ann", "groups": ["ops"]}


@contextmanager
def provider(*options):
    """oidc-provider-mock on a free port; the value is the port."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *options]
    environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: answers(port), 30, every=0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def answers(port):
    try:
        return fetch(port, "GET", "/.well-known/openid-configuration").status == 200
    except OSError:
        return False


def fetch(port, method, path, body=None):
    link = HTTPConnection("127.0.0.1", port, timeout=10)
    link.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    answer = link.getresponse()
    answer.read()
    link.close()
    return answer


@pytest.fixture(scope="module")
def port():
    with provider("--user-claims", json.dumps(ANN)) as running:
        yield running


@pytest.fixture
def signing_in(browser, configured):
    """`signing_in(port, "sub=ann")`: to the provider, the form sent there; the path of the way back."""

    def go(port, said="sub=ann"):
        configured(issuer=f"http://127.0.0.1:{port}", roles={"ops": "operator"}, scopes="openid email profile")
        away = urlsplit(browser.get(START)["Location"])
        back = urlsplit(fetch(port, "POST", f"{away.path}?{away.query}", said).headers["Location"])
        return f"{back.path}?{back.query}"

    return go


def test_the_button_of_the_door_leads_to_the_provider_and_is_not_there_without_one(browser, configured, port):
    """What a person clicks: the address comes from the page, and the provider itself takes the request."""
    bare = browser.get("/admin/login/").content.decode()
    configured(issuer=f"http://127.0.0.1:{port}", scopes="openid email")
    page = browser.get("/admin/login/").content.decode()
    (button,) = re.findall(rf'href="({START}[^"]*)"', page)
    away = urlsplit(browser.get(html.unescape(button))["Location"])

    assert START not in bare
    assert (away.netloc, fetch(port, "GET", f"{away.path}?{away.query}").status) == (f"127.0.0.1:{port}", 200)


def test_an_operator_signs_in(browser, signing_in, port):
    assert browser.get(signing_in(port))["Location"] == "/admin/"

    assert browser.get("/admin/account/").status_code == 200
    with platform_scope("look"):
        assert User.objects.get(username="ann").role == "operator"


def test_a_code_is_good_once(browser, signing_in, port):
    path = signing_in(port)
    state = path.partition("state=")[2].partition("&")[0]
    browser.get(path)
    fresh = signing_in(port)

    mixed = fresh.replace(fresh.partition("code=")[2].partition("&")[0], path.partition("code=")[2].partition("&")[0])
    assert state not in mixed
    assert browser.get(mixed).status_code == 403


def test_who_says_no_stays_outside(browser, signing_in, port):
    assert browser.get(signing_in(port, "action=deny")).status_code == 403


def test_who_is_in_no_group_stays_outside(browser, signing_in, port):
    assert browser.get(signing_in(port, "sub=stranger")).status_code == 403
