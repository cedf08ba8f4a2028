"""Signing keys, explanations and the trust policy over REST."""

from __future__ import annotations

import base64
import json

import pytest
from django.utils import timezone

from apps.security.models import AuditEntry, SigningKey
from apps.security.services import create_api_key
from apps.security.zero_trust.keyring import PURPOSE
from apps.tenants.isolation import tenant_scope
from rustok.sealing import Unsealable, unseal
from tests.support.rest import Integrator
from tests.support.signing import Signer, digest_of

TARGET = "http://acme.localhost/api/v1/orders/"
BODY = b'{"currency":"USD"}'


@pytest.fixture
def shop(acme, context):
    return Integrator(acme, context)


@pytest.fixture
def signer(shop):
    made = shop.post("signing-keys/", {"name": "robot", "permissions": ["order:*"]}).json()
    return Signer(made["key_id"], base64.b64decode(made["secret"]), "acme.localhost")


def test_a_secret_is_shown_once_and_sealed_at_rest(shop):
    made = shop.post("signing-keys/", {"name": "robot", "permissions": ["order:*"]})
    key, row = made.json(), SigningKey.objects.get()

    assert (made.status_code, made["Location"]) == (201, f"/api/v1/signing-keys/{key['id']}/")
    assert "secret" not in shop.get(f"signing-keys/{key['id']}/").json()
    assert unseal(bytes(row.material), purpose=PURPOSE, row=row.pk) == base64.b64decode(key["secret"])
    assert base64.b64decode(key["secret"]) not in bytes(row.material)
    assert key["secret"] not in json.dumps(AuditEntry.objects.get(action="signing_key:create").details)


def test_a_sealed_secret_fits_its_row_only(shop, signer):
    row = SigningKey.objects.get()

    with pytest.raises(Unsealable):
        unseal(bytes(row.material), purpose="another", row=row.pk)
    with pytest.raises(Unsealable):
        unseal(bytes(row.material), purpose=PURPOSE, row=type(row.pk)(int=1))


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"permissions": []}, 2001),
        ({"public_key": "-----BEGIN"}, 2001),
        ({"algorithm": "ed25519"}, 2001),
        ({"algorithm": "none"}, 2001),
    ],
    ids=["no permission", "HMAC with public key", "no public key", "unknown algorithm"],
)
def test_a_key_that_makes_no_sense_is_refused(shop, wish, code):
    answer = shop.post("signing-keys/", {"name": "robot", "permissions": ["order:*"], **wish})

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_nobody_hands_on_what_it_lacks(acme, context):
    weak = Integrator(acme, context, ["signing_key:create", "order:read"])

    assert weak.post("signing-keys/", {"name": "robot", "permissions": ["order:*"]}).json()["code"] == 1101


def test_a_key_is_rotated_and_revoked(shop, signer):
    old = shop.get("signing-keys/").json()["results"][0]
    new = shop.post(f"signing-keys/{old['id']}/rotate/", {"overlap_hours": 1}).json()

    assert (new["name"], new["permissions"]) == (old["name"], old["permissions"])
    assert new["key_id"] != old["key_id"]
    assert shop.get(f"signing-keys/{old['id']}/").json()["expires_at"] is not None
    assert shop.send("DELETE", f"signing-keys/{new['id']}/").status_code == 204
    assert [key["id"] for key in shop.get("signing-keys/").json()["results"]] == [old["id"]]


def explained(shop, signer, *, body=BODY, headers=None, **wish):
    sent = signer.headers("POST", "/api/v1/orders/", BODY, **wish) | (headers or {})
    told = {"method": "POST", "target_uri": TARGET, "headers": sent, "body": base64.b64encode(body).decode()}
    return shop.post("signature/explain", told).json()


def failed(told):
    return {check["check"]: check["code"] for check in told["checks"] if not check["passed"]}


def test_a_good_signature_is_explained_as_good_and_not_used_up(shop, signer):
    told = [explained(shop, signer, nonce="once") for _ in range(2)][-1]

    assert (told["accepted"], told["code"], failed(told)) == (True, None, {})
    assert told["content_digest"] == digest_of(BODY)
    assert '"@target-uri": http://acme.localhost/api/v1/orders/' in told["signature_base"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"age": 400}, {"age": 1143}),
        ({"age": -400}, {"age": 1144}),
        ({"covered": ("@method",)}, {"coverage": 1142}),
        ({"body": b"{}"}, {"digest": 1148}),
        ({"headers": {"Signature": "sig=:AAAA:"}}, {"format": 1141}),
        ({"headers": {"Content-Digest": digest_of(b"{}")}}, {"signature": 1145, "digest": 1148}),
    ],
    ids=["stale", "future", "uncovered", "another body", "labels differ", "digest changed"],
)
def test_an_owner_is_told_what_is_wrong(shop, signer, wish, expected):
    assert failed(explained(shop, signer, **wish)) == expected


def test_a_revoked_key_is_explained(shop, signer):
    SigningKey.objects.update(expires_at=timezone.now())

    assert failed(explained(shop, signer)) == {"validity": 1147}


def test_another_shop_learns_nothing_about_a_key(shop, signer, globex):
    with tenant_scope(globex) as there:
        stranger = Integrator(globex, there)

    assert failed(explained(stranger, signer)) == {"key": 1145}


def test_an_explanation_needs_the_right_to_see_signing_keys(acme, context, signer):
    curious = Integrator(acme, context, ["order:*"])

    assert explained(curious, signer)["code"] == 1003


def test_a_policy_is_replaced_and_takes_effect(shop, signer, acme, context):
    answer = shop.send("PUT", "trust-policy/", {"signatures": "required", "rate_per_key": 50})

    assert answer.json()["limits"] == {"tenant": 240_000, "key": 50, "route": 120_000}
    assert shop.get("products/").json()["code"] == 1140
    # who cannot sign may still ask why
    assert explained(shop, signer)["accepted"] is True


def test_signatures_cannot_be_required_before_there_is_a_key(shop):
    assert shop.send("PUT", "trust-policy/", {"signatures": "required"}).json()["errors"][0]["code"] == "no_key"
    assert shop.get("trust-policy/").json()["signatures"] == "optional"


def test_a_plain_key_goes_on_working_beside_signatures(shop, signer, context):
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=context)

    assert shop.get("products/", authorization=f"Bearer {plain}").status_code == 200
