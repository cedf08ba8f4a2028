"""The token endpoint as clients meet it: keys in, pairs out, problems in between."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.security.identity import totp
from apps.security.identity.factors import Draft, add_app
from apps.security.identity.rules import change_policy, forget_policy
from apps.security.models import ApiKey, AuditEntry, RefreshToken
from apps.security.queries import audit_entries
from apps.security.services import create_api_key, create_user, revoke_api_key
from apps.security.zero_trust.audit import ACTION, refusals
from apps.security.zero_trust.rules import REQUIRED, rules
from apps.security.zero_trust.services import ChangeTrustPolicy, change_trust_policy
from apps.security.zero_trust.stores.postgresql import PostgresTrustStore
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import current

TOKENS, KEYS = "/api/v1/tokens/", "/api/v1/api-keys/"
KEY_GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(autouse=True)
def buckets_that_are_rolled_back(monkeypatch):
    monkeypatch.setattr("apps.security.zero_trust.limits.trust_store", PostgresTrustStore)
    forget_policy()
    yield
    forget_policy()


@pytest.fixture
def key(acme, context):
    return create_api_key(name="till", permissions=["*:*"], context=context)


@pytest.fixture
def client(acme, client_of):
    return client_of(acme)


def post(client, body, credential="", path=TOKENS):
    headers = {"authorization": f"Bearer {credential}"} if credential else {}
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def get(client, credential, path=KEYS):
    return client.get(path, headers={"authorization": f"Bearer {credential}"})


def by_refresh(token, **more):
    return {"grant_type": "refresh_token", "refresh_token": token, **more}


def test_a_key_becomes_a_pair_that_works_and_is_refreshed(client, key):
    first = post(client, KEY_GRANT, key[1])
    second = post(client, by_refresh(first.json()["refresh_token"]))

    assert (first.status_code, second.status_code) == (200, 200), (first.content, second.content)
    assert first.json() | {"access_token": "", "refresh_token": ""} == {
        "access_token": "", "token_type": "Bearer", "expires_in": 600, "refresh_token": "", "scope": "*:*",
    }  # fmt: skip
    assert first["Cache-Control"] == "no-store"
    for pair in (first, second):
        assert get(client, pair.json()["access_token"]).status_code == 200


def test_scope_is_what_the_token_may(client, key):
    pair = post(client, KEY_GRANT | {"scope": "api_key:read"}, key[1]).json()
    allowed, refused = get(client, pair["access_token"]), post(client, {"name": "x"}, pair["access_token"], KEYS)

    assert pair["scope"] == "api_key:read"
    assert (allowed.status_code, refused.status_code, refused.json()["code"]) == (200, 403, 1003)


def test_reuse_over_rest_ends_the_session_and_is_in_the_audit_log(client, key):
    first = post(client, KEY_GRANT, key[1]).json()
    second = post(client, by_refresh(first["refresh_token"])).json()
    post(client, by_refresh(second["refresh_token"]))
    reused = post(client, by_refresh(first["refresh_token"]))

    assert (reused.status_code, reused.json()["code"]) == (403, 1120)
    assert get(client, second["access_token"]).json()["code"] == 1001
    assert AuditEntry.objects.get(action="token:reuse").actor == f"api_key:{key[0].pk}"


@pytest.fixture
def wrong(key, context, globex):
    """Credentials offered for tokens, with the code that each must meet."""
    made = {name: create_api_key(name=name, permissions=["*:*"], context=context) for name in ("expired", "revoked")}
    ApiKey.objects.filter(pk=made["expired"][0].pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoke_api_key(key_id=made["revoked"][0].pk, context=context)
    with tenant_scope(globex):
        foreign = create_api_key(name="foreign", permissions=["*:*"], context=current())[1]
    with platform_scope("a test"):
        operator = create_api_key(name="operator", permissions=["*:*"], context=current())[1]
    return {
        "": 1001, "rubbish": 1001, foreign: 1151, operator: 1151,
        made["expired"][1]: 1002, made["revoked"][1]: 1001,
    }  # fmt: skip


def test_no_wrong_credential_is_exchanged_and_each_refusal_is_in_the_audit_log(client, wrong):
    met = {credential: post(client, KEY_GRANT, credential).json().get("code") for credential in wrong}
    refusals.flush()

    assert met == wrong
    noted = sum(entry.details["times"] for entry in audit_entries().filter(action=ACTION, target="tokens.create"))
    assert noted == len(wrong)


def test_no_wrong_refresh_token_is_refreshed(client, key, client_of, globex):
    pair = post(client, KEY_GRANT, key[1]).json()
    elsewhere = post(client_of(globex), by_refresh(pair["refresh_token"]))
    as_access = post(client, by_refresh(pair["access_token"]))
    missing = post(client, {"grant_type": "refresh_token"})
    wide = post(client, by_refresh(pair["refresh_token"], scope="*:*:own stock:read:all"))

    assert [answer.json()["code"] for answer in (elsewhere, as_access, missing)] == [1001, 1001, 1001]
    assert wide.status_code == 200
    RefreshToken.objects.update(expires_at=timezone.now())
    assert post(client, by_refresh(wide.json()["refresh_token"])).json()["code"] == 1002


PASSWORD = "correct horse battery staple"


@pytest.fixture
def ann(acme, context):
    return create_user(username="ann", password=PASSWORD, role="manager", context=context)


def as_ann(**more):
    return {"grant_type": "password", "username": "ann", "password": PASSWORD, **more}


def test_a_person_gets_tokens_for_a_password(client, ann):
    pair = post(client, as_ann(scope="order:read"))
    again = post(client, by_refresh(pair.json()["refresh_token"]))

    assert (pair.status_code, again.status_code, again.json()["scope"]) == (200, 200, "order:read")
    assert get(client, pair.json()["access_token"], "/api/v1/orders/").status_code == 200
    assert post(client, as_ann(scope="user:create")).json()["code"] == 1101


def test_the_longest_password_gets_tokens(client, context):
    create_user(username="carol", password="x" * 254 + "yz", role="manager", context=context)

    assert post(client, as_ann(username="carol", password="x" * 254 + "yz")).status_code == 200


def test_a_wrong_password_locks_as_it_does_at_the_console(client, ann):
    answers = [post(client, as_ann(password="wrong")).json()["code"] for _ in range(6)]

    assert answers[0] == 1160
    assert answers[-1] == 1161


@pytest.fixture
def app(ann):
    """The secret of ann's authenticator app."""
    draft = Draft.new()
    add_app(user=ann, draft=draft, name="phone", code=totp.code_at(draft.secret, totp.step_at(time.time()) - 1))
    return draft.secret


def test_a_person_with_a_second_factor_needs_it_here_too(client, ann, app):
    codes = ["", "000000", totp.code_at(app, totp.step_at(time.time()))]

    met = [post(client, as_ann(otp=code)).json() for code in codes]

    assert [answer.get("code") for answer in met] == [1162, 1162, None]
    assert met[2]["token_type"] == "Bearer"


def test_where_a_second_factor_is_required_nobody_gets_around_it(client, ann, context):
    change_policy(second_factor="required", context=context)

    assert post(client, as_ann()).json()["code"] == 1123


def test_a_token_is_not_exchanged_for_a_token(client, key):
    pair = post(client, KEY_GRANT, key[1]).json()

    assert post(client, KEY_GRANT, pair["access_token"]).json()["code"] == 1121


@pytest.mark.parametrize("use", ["access", "refresh"])
def test_tokens_drain_the_limit_of_their_key(client, key, context, use):
    pair = post(client, KEY_GRANT, key[1]).json()
    change_trust_policy(input=ChangeTrustPolicy(signatures="optional", rate_per_key=1), context=context)
    if use == "access":
        answers = [get(client, credential) for credential in (pair["access_token"], key[1])]
    else:
        answers = [post(client, by_refresh(pair["refresh_token"]))]

    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 1150)


def test_a_token_at_the_wrong_shop_is_named_as_such(client, key, client_of, globex):
    pair = post(client, KEY_GRANT, key[1]).json()

    assert get(client_of(globex), pair["access_token"]).json()["code"] == 1151
    assert get(client_of(), pair["access_token"]).json()["code"] == 1151


def test_a_shop_that_requires_signatures_requires_them_here_too(client, key, monkeypatch):
    strict = replace(rules(), signatures=REQUIRED)
    monkeypatch.setattr("apps.security.zero_trust.pipeline.rules", lambda: strict)

    answers = [post(client, KEY_GRANT, key[1]), post(client, by_refresh("rr_" + "0" * 64))]

    assert [answer.json()["code"] for answer in answers] == [1140, 1140]


def test_sessions_are_listed_shown_and_revoked(client, key):
    pair = post(client, KEY_GRANT | {"scope": "order:read"}, key[1]).json()
    listed = get(client, key[1], TOKENS).json()["results"]
    path = f"{TOKENS}{listed[0]['id']}/"

    assert [(row["label"], row["permissions"]) for row in listed] == [("till", ["order:read"])]
    assert get(client, key[1], path).json() == listed[0]
    assert client.delete(path, headers={"authorization": f"Bearer {key[1]}"}).status_code == 204
    assert get(client, pair["access_token"]).json()["code"] == 1001
    assert get(client, key[1], path).status_code == 404


def test_own_sessions_are_seen_with_a_grant_for_own_ones(client, acme, context, key):
    weak = create_api_key(name="weak", permissions=["*:*"], context=context)[1]
    mine = post(client, KEY_GRANT | {"scope": "token:read:own"}, weak).json()
    post(client, KEY_GRANT, key[1])

    assert [row["label"] for row in get(client, mine["access_token"], TOKENS).json()["results"]] == ["weak"]


def test_a_holder_gives_its_session_up(client, key):
    pair = post(client, KEY_GRANT, key[1]).json()

    answers = [post(client, {"token": token}, path=f"{TOKENS}revoke/") for token in (pair["refresh_token"], "unknown")]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert get(client, pair["access_token"]).json()["code"] == 1001


def test_public_keys_are_public(client):
    keys = client.get(f"{TOKENS}keys/").json()["keys"]

    assert {key["alg"] for key in keys} == {"Ed25519"}
    assert not [key for key in keys if "d" in key]
