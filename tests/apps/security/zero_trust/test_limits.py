"""The rate limit of the door: whose bucket pays, what the caller is told, what happens without the store."""

from __future__ import annotations

import pytest

from apps.security.services import create_api_key
from apps.security.zero_trust.services import ChangeTrustPolicy, change_trust_policy
from apps.security.zero_trust.stores import StoreDown
from apps.security.zero_trust.stores.postgresql import PostgresTrustStore
from apps.tenants.isolation import tenant_scope
from rustok.context import current
from rustok.telemetry.metrics import REGISTRY

KEYS = "/api/v1/api-keys/"


@pytest.fixture(autouse=True)
def buckets_that_are_rolled_back(monkeypatch):
    monkeypatch.setattr("apps.security.zero_trust.limits.trust_store", PostgresTrustStore)


@pytest.fixture
def till(acme, context, client_of):
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=context)
    return client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}")


def limited(context, **rates):
    change_trust_policy(input=ChangeTrustPolicy(signatures="optional", **rates), context=context)


def test_every_answer_says_what_is_left(till):
    answer = till.get(KEYS)

    assert answer["RateLimit-Policy"] == '"tenant";q=240000;w=60, "key";q=120000;w=60, "route";q=120000;w=60'
    assert answer["RateLimit"].startswith('"key";r=119999;t=1')


def test_a_credential_that_used_up_its_limit_waits(till, context):
    limited(context, rate_per_key=3)

    answers = [till.get(KEYS) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert (answers[3].json()["code"], answers[3]["Retry-After"]) == (1150, "20")
    assert answers[3]["RateLimit"] == '"key";r=0;t=60'


def test_what_is_written_costs_more(till, context):
    limited(context, rate_per_key=4)
    body = {"name": "a", "permissions": ["order:read"]}

    answers = [till.post(KEYS, body, content_type="application/json").status_code for _ in range(3)]

    assert answers == [201, 201, 429]


def test_one_route_is_limited_by_itself(till, context):
    limited(context, rate_per_route=2)

    answers = [till.get(KEYS).status_code for _ in range(3)]

    assert (answers, till.get("/api/v1/audit/").status_code) == ([200, 200, 429], 200)


def test_a_key_at_the_wrong_shop_drains_its_own_shop(till, context, globex, client_of):
    limited(context, rate_per_tenant=3)
    stranger = client_of(globex, **till.defaults)
    with tenant_scope(globex):
        _key, plain = create_api_key(name="till", permissions=["*:*"], context=current())
    neighbour = client_of(globex, HTTP_AUTHORIZATION=f"Bearer {plain}")

    assert [stranger.get(KEYS).json()["code"] for _ in range(4)] == [1151, 1151, 1151, 1150]
    assert (till.get(KEYS).status_code, neighbour.get(KEYS).status_code) == (429, 200)


def test_a_refused_credential_drains_nobody(till, context, client_of, acme):
    limited(context, rate_per_tenant=2)
    key = till.defaults["HTTP_AUTHORIZATION"]
    guesser = client_of(acme, HTTP_AUTHORIZATION=key[:-64] + "0" * 64)

    assert [guesser.get(KEYS).json()["code"] for _ in range(3)] == [1001, 1001, 1001]
    assert till.get(KEYS).status_code == 200


class NoStore:
    def take(self, *_what, **_how):
        raise StoreDown


def test_without_the_store_work_goes_on_but_nobody_gets_new_keys(till, monkeypatch):
    monkeypatch.setattr("apps.security.zero_trust.limits.trust_store", NoStore)
    wish = {"name": "a", "permissions": ["order:read"]}
    before = unchecked()

    closed = till.post("/api/v1/signing-keys/", wish, content_type="application/json")

    assert till.get(KEYS).status_code == 200
    assert (closed.status_code, closed.json()["code"], closed["Retry-After"]) == (503, 5401, "1")
    assert unchecked() == {"open": before["open"] + 1, "closed": before["closed"] + 1}


def unchecked():
    """How many requests have met a store that was down, by what became of them."""
    name = "rustok_zero_trust_store_failures_total"
    return {
        how: REGISTRY.get_sample_value(name, {"check": "limit", "behaviour": how}) or 0 for how in ("open", "closed")
    }
