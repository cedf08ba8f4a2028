"""Tenant confusion: every endpoint of the URL map that asks for a credential, against every wrong one.

Nobody gets in, each refusal has the right code, and each is in the audit log.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.urls import URLResolver
from django.utils import timezone

from apps.security.models import ApiKey
from apps.security.queries import audit_entries
from apps.security.services import create_api_key, revoke_api_key
from apps.security.tokens.services import exchange, revoke_family
from apps.security.tokens.signing import sign
from apps.security.zero_trust.audit import ACTION, refusals
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.api import Endpoint
from rustok.context import Actor, current
from rustok.operations import AUTHENTICATED, PUBLIC

# Reviewed: what answers without any credential, each with the reason. Everything else is in the matrix.
PUBLIC_OPERATIONS = {
    "tokens.create",  # the credential may be in the body; test_api of the tokens has the matrix of this door
    "tokens.give_up",  # whoever holds a token may end it (RFC 7009)
    "tokens.keys",  # public keys
}
ANY_CREDENTIAL = {"permissions.explain"}  # reviewed: what a caller asks about itself, whatever it may do
NOWHERE = {"uuid": str(UUID(int=7)), "int": "7"}
VARIABLE = re.compile(r"<(?:(\w+):)?\w+>")


def routes(patterns, prefix=""):
    """(route, view, whether it is a declared operation) of the URL map outside the console."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from routes(entry.url_patterns, prefix + str(entry.pattern))
            continue
        view = getattr(entry.callback, "view_class", getattr(entry.callback, "cls", None))
        yield prefix + str(entry.pattern), view, isinstance(view, type) and issubclass(view, Endpoint)


def endpoints(urlconf):
    """(path, method, declaration) of every operation, path variables filled in."""
    for route, view, is_operation in routes(import_module(urlconf).urlpatterns):
        if is_operation:
            path = VARIABLE.sub(lambda variable: NOWHERE.get(variable[1], "nothing"), route)
            yield from ((f"/{path}", method, declared) for method, declared in view.declarations.items())


SIDES = {"tenant": "rustok.urls.tenant", "platform": "rustok.urls.platform"}


@pytest.fixture(params=SIDES)
def side(request, acme, globex, context, client_of):
    """The side's endpoints, a client of its host, and the wrong credentials with the code that each must meet."""
    with tenant_scope(globex) if request.param == "tenant" else platform_scope("a test"):
        stranger, foreign = create_api_key(name="foreign", permissions=["*:*"], context=current())
        foreign_token = token_of(stranger, current()).access_token
    if request.param == "tenant":
        own, client = made(context), client_of(acme)
        tokens = tokens_of(own["good"][0], context)
    else:
        strangers = made(context)
        foreign, foreign_token = strangers["good"][1], token_of(strangers["good"][0], context).access_token
        with platform_scope("a test"):
            own, client = made(current()), client_of()
            tokens = tokens_of(own["good"][0], current())
    wrong = {"none": ("", 1001), "another tenant": (foreign, 1151)}
    wrong |= {"expired": (own["expired"][1], 1002), "revoked": (own["revoked"][1], 1001)}
    wrong |= {"another tenant's token": (foreign_token, 1151), **tokens}
    return request.param, client, wrong | {"wrong scope": (own["weak"][1], 1003)}


def token_of(key, context, scope=None):
    """What the key is exchanged for."""
    acting = replace(context, actor=Actor("api_key", str(key.pk), key.name), permissions=frozenset(key.permissions))
    return exchange(permissions=scope, context=acting)


def tokens_of(key, context):
    """Access tokens of a good key that open nothing, with the code that each must meet."""
    revoked = token_of(key, context)
    revoke_family(family_id=revoked.family, context=context)
    expired = sign(
        subject=f"api_key:{key.pk}",
        client=key.name,
        family=token_of(key, context).family,
        permissions=frozenset({"*:*"}),
        role="api_key",
        expires=int(time.time()) - 60,
    )
    return {
        "expired token": (expired, 1002),
        "revoked token": (revoked.access_token, 1001),
        "token of wrong scope": (token_of(key, context, ["nothing:read"]).access_token, 1003),
    }


def made(context):
    keys = {
        name: create_api_key(name=name, permissions=["nothing:read"] if name == "weak" else ["*:*"], context=context)
        for name in ("good", "expired", "revoked", "weak")
    }
    ApiKey.objects.filter(pk=keys["expired"][0].pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoke_api_key(key_id=keys["revoked"][0].pk, context=context)
    return keys


def test_no_wrong_credential_opens_any_endpoint_and_each_refusal_is_in_the_audit_log(side):
    name, client, wrong = side
    watched = [e for e in endpoints(SIDES[name]) if e[2].permission != PUBLIC and e[1] != "HEAD"]
    expected, met = Counter(), {}
    for path, method, declared in watched:
        for label, (key, code) in wrong.items():
            if code == 1003 and declared.permission == AUTHENTICATED:
                continue  # what a caller may ask about itself needs no scope
            headers = {"authorization": f"Bearer {key}"} if key else {}
            answer = client.generic(method, path, b"{}", content_type="application/json", headers=headers)
            met[f"{label} {method} {path}"] = (answer.json().get("code"), code)
            expected[(declared.name, code)] += 1

    assert len(watched) > 10
    assert not {case: codes for case, codes in met.items() if codes[0] != codes[1]}
    assert noted(name) == expected


def noted(side):
    """How often each (operation, code) was refused, as the audit log of the side tells it."""
    refusals.flush()
    if side == "tenant":
        return _count()
    with platform_scope("a test"):
        return _count()


def _count():
    counted = Counter()
    for entry in audit_entries().filter(action=ACTION):
        counted[(entry.target, entry.details["code"])] += entry.details["times"]
    return counted


@pytest.mark.parametrize("urlconf", SIDES.values(), ids=SIDES)
def test_what_is_public_was_reviewed(urlconf):
    assert {declared.name for _path, _method, declared in endpoints(urlconf) if declared.is_public} <= PUBLIC_OPERATIONS


# Reviewed: what the URL map has beside those operations and the console. Documents that tell nothing about a shop.
DOCUMENTS = {"api/schema/", "api/docs/", "api/redoc/", "api/redoc/bundle.js", "api/errors/"}
DEMO = "demo/"  # answers 404 unless RUSTOK_DEMO is set; `check --deploy` refuses that in production


@pytest.mark.parametrize("urlconf", SIDES.values(), ids=SIDES)
def test_nothing_else_is_served_without_review(urlconf):
    mapped = routes(import_module(urlconf).urlpatterns)
    found = {route for route, _view, is_operation in mapped if not (is_operation or route.startswith(DEMO))}

    assert found == DOCUMENTS


@pytest.mark.parametrize("urlconf", SIDES.values(), ids=SIDES)
def test_every_page_of_a_console_but_its_door_asks_who_is_there(urlconf, acme, client_of):
    """The same confusion for people: nobody signed in, every page of the URL map."""
    client = client_of(acme if urlconf.endswith("tenant") else None, HTTP_ACCEPT="text/html")
    opened = {}
    for route in console_routes(import_module(urlconf).urlpatterns):
        answer = client.get(f"/{VARIABLE.sub(lambda variable: NOWHERE.get(variable[1], 'nothing'), route)}")
        if not (answer.status_code == 302 and answer["Location"].startswith("/admin/login/")):
            opened[route] = answer.status_code

    assert {route for route, status in opened.items() if status < 400} <= DOORS
    assert not [route for route, status in opened.items() if status >= 500]


DOORS = {"admin/login/", "admin/logout/", "admin/jsi18n/", "admin/visit/", "admin/login/second/"}


def console_routes(patterns, prefix="", inside=False):
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from console_routes(
                entry.url_patterns, prefix + str(entry.pattern), inside or entry.app_name == "admin"
            )
        elif inside:
            yield prefix + str(entry.pattern)


@pytest.mark.parametrize("urlconf", SIDES.values(), ids=SIDES)
def test_what_any_credential_opens_was_reviewed(urlconf):
    asked = {declared.name for _path, _method, declared in endpoints(urlconf) if declared.permission == AUTHENTICATED}

    assert asked <= ANY_CREDENTIAL


@pytest.mark.parametrize("side", ["platform"], indirect=True)
@pytest.mark.parametrize(("path", "operation"), [("/health", "health.detail"), ("/metrics", "metrics.read")])
def test_what_stands_before_the_gate_refuses_them_too(side, path, operation):
    """Detail and metrics are answered without host and tenant: a key of a shop is simply unknown there."""
    name, client, wrong = side
    met = {}
    for label, (key, code) in wrong.items():
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = client.get(path, headers=headers, REMOTE_ADDR="203.0.113.9")
        met[label] = (answer.json()["code"], 1001 if code == 1151 else code)

    assert not {label: codes for label, codes in met.items() if codes[0] != codes[1]}
    assert noted(name) == Counter((operation, code) for code, _expected in met.values())
