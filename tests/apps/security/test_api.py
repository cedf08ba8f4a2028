"""REST: keys and audit, with the outsider and the wrong shop at every door."""

from __future__ import annotations

import pytest

from apps.security.services import create_api_key
from apps.tenants.isolation import tenant_scope
from rustok.context import current

KEYS = "/api/v1/api-keys/"


@pytest.fixture
def shop(acme, context, client_of):
    _key, plain = create_api_key(name="root", permissions=["*:*"], context=context)
    return client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}")


def weak(context, client_of, tenant, *permissions):
    _key, plain = create_api_key(name="weak", permissions=permissions, context=context)
    return client_of(tenant, HTTP_AUTHORIZATION=f"Bearer {plain}")


def post(client, body):
    return client.post(KEYS, body, content_type="application/json")


def test_created_key_is_shown_once_and_works(shop, acme, client_of):
    made = post(shop, {"name": "till", "permissions": ["api_key:read"], "days": 1})

    own = client_of(acme, HTTP_AUTHORIZATION=f"Bearer {made.json()['key']}")
    again = own.get(made["Location"])
    assert (made.status_code, again.status_code) == (201, 200)
    assert "key" not in again.json()
    assert again.json()["expires_at"]


def test_revoked_key_stops_at_once(shop, acme, client_of):
    made = post(shop, {"name": "till", "permissions": ["api_key:read"]}).json()
    own = client_of(acme, HTTP_AUTHORIZATION=f"Bearer {made['key']}")

    assert shop.delete(f"{KEYS}{made['id']}/").status_code == 204
    assert shop.get(f"{KEYS}{made['id']}/").status_code == 404
    assert own.get(KEYS).json()["code"] == 1001


def test_key_hands_on_only_what_it_holds(context, client_of, acme):
    client = weak(context, client_of, acme, "api_key:create", "product:read")

    answer = post(client, {"name": "till", "permissions": ["order:create"]})

    assert (answer.status_code, answer.json()["code"]) == (403, 1101)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", KEYS),
        ("post", KEYS),
        ("get", f"{KEYS}01a20000-0000-7000-8000-000000000000/"),
        ("delete", f"{KEYS}01a20000-0000-7000-8000-000000000000/"),
        ("get", "/api/v1/audit/"),
    ],
)
def test_every_door_asks_for_a_permission(context, client_of, acme, method, path):
    client = weak(context, client_of, acme, "product:read")

    answer = getattr(client, method)(path)

    assert (answer.status_code, answer.json()["code"]) == (403, 1003)


def test_key_of_one_shop_opens_nothing_in_another(shop, globex, client_of):
    stranger = client_of(globex, **shop.defaults)

    assert stranger.get(KEYS).json()["code"] == 1151


def test_key_of_another_shop_cannot_be_seen(shop, globex, context):
    with tenant_scope(globex):
        foreign, _plain = create_api_key(name="till", permissions=["order:read"], context=current())

    assert shop.get(f"{KEYS}{foreign.pk}/").status_code == 404
    assert shop.delete(f"{KEYS}{foreign.pk}/").status_code == 404


def test_audit_is_listed_newest_first_and_filtered(shop):
    made = post(shop, {"name": "till", "permissions": ["order:read"]}).json()
    shop.delete(f"{KEYS}{made['id']}/")

    found = shop.get("/api/v1/audit/", {"target": made["id"]}).json()["results"]

    assert [entry["action"] for entry in found] == ["api_key:revoke", "api_key:create"]


def test_the_platform_has_keys_of_its_own(platform, client_of):
    _key, plain = create_api_key(name="ops", permissions=["*:*"], context=platform)

    answer = client_of(HTTP_AUTHORIZATION=f"Bearer {plain}").get(KEYS)

    assert [key["name"] for key in answer.json()["results"]] == ["ops"]
