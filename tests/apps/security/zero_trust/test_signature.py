"""The signature stage, against requests that an independent implementation has signed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.test import Client
from django.utils import timezone
from http_message_signatures import algorithms

from apps.security.models import SigningKey
from apps.security.services import create_api_key
from apps.security.zero_trust.services import (
    ChangeTrustPolicy,
    CreateSigningKey,
    change_trust_policy,
    create_signing_key,
    revoke_signing_key,
    rotate_signing_key,
)
from apps.security.zero_trust.stores import StoreDown
from apps.tenants.isolation import tenant_scope
from rustok.context import current
from rustok.errors.families import PermissionDenied
from tests.support.signing import ALGORITHMS, COVERED, SignedClient, Signer, digest_of

KEYS = "/api/v1/api-keys/"
BODY = b'{"name": "till", "permissions": ["order:read"]}'


def pem(public):
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_of(algorithm, context, permissions=("*:*",)):
    """A key of the current scope and what signs with it."""
    private, public = None, ""
    if algorithm != "hmac-sha256":
        made = (
            ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())
        )
        public = pem(made.public_key())
        private = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    wanted = CreateSigningKey(name="robot", algorithm=algorithm, permissions=permissions, public_key=public)
    key, secret = create_signing_key(input=wanted, context=context)
    return key, private or base64.b64decode(secret)


@pytest.fixture
def robot(acme, context, client_of):
    key, secret = key_of("hmac-sha256", context)
    return SignedClient(client_of(acme), Signer(key.key_id, secret, "acme.localhost"))


def told(answer):
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "ed25519", "ecdsa-p256-sha256"])
def test_a_signature_of_another_implementation_is_a_credential(acme, context, client_of, algorithm):
    key, secret = key_of(algorithm, context)
    robot = SignedClient(client_of(acme), Signer(key.key_id, secret, "acme.localhost", algorithm))

    made = robot.send("POST", KEYS, BODY)

    assert made.status_code == 201, made.content
    assert made.json()["created_by"] == f"signing_key:{key.pk}"
    assert robot.send("GET", f"{KEYS}?page_size=5").status_code == 200


def test_a_signature_acts_with_the_permissions_of_its_key(acme, context, client_of):
    key, secret = key_of("hmac-sha256", context, permissions=("order:read",))
    robot = SignedClient(client_of(acme), Signer(key.key_id, secret, "acme.localhost"))

    assert told(robot.send("GET", KEYS)) == (403, 1003)


def other_secret(robot):
    return replace(robot.signer, key=bytes(32))


SPOILT = {
    "stale": (1143, lambda r: r.send("GET", KEYS, age=400)),
    "past its end": (1143, lambda r: r.send("GET", KEYS, expires=timezone.now() - timedelta(seconds=2))),
    "future": (1144, lambda r: r.send("GET", KEYS, age=-120)),
    "another body": (1148, lambda r: r.send("POST", KEYS, BODY, {"Content-Digest": digest_of(BODY)}, body_sent=b"{}")),
    "digest of another body": (1145, lambda r: r.send("POST", KEYS, BODY, {"Content-Digest": digest_of(b"{}")})),
    "digest not covered": (1142, lambda r: r.send("POST", KEYS, BODY, covered=COVERED)),
    "method not covered": (1142, lambda r: r.send("GET", KEYS, covered=("@target-uri", "@authority"))),
    "target not covered": (1142, lambda r: r.send("GET", KEYS, covered=("@method", "@authority"))),
    "authority not covered": (1142, lambda r: r.send("GET", KEYS, covered=("@method", "@target-uri"))),
    "no nonce": (1142, lambda r: r.send("GET", KEYS, nonce="")),
    "unknown key": (1145, lambda r: SignedClient(r.client, replace(r.signer, key_id="sk_0")).send("GET", KEYS)),
    "another secret": (1145, lambda r: SignedClient(r.client, other_secret(r)).send("GET", KEYS)),
    "not readable": (1141, lambda r: r.send("GET", KEYS, headers={"Signature-Input": "sig=("})),
    "no signature field": (1141, lambda r: r.send("GET", KEYS, headers={"Signature": ""})),
    "a field that is not there": (1141, lambda r: r.send("GET", KEYS, headers=without_field(r))),
    "another algorithm named": (1146, lambda r: SignedClient(r.client, misnamed(r)).send("GET", KEYS)),
    "another algorithm by a stranger": (1145, lambda r: SignedClient(r.client, as_ed25519(r)).send("GET", KEYS)),
}


def without_field(robot):
    return {"Signature-Input": robot.signer.headers("GET", KEYS)["Signature-Input"].replace(")", ' "x-gone")')}


class Misnamed(algorithms.HMAC_SHA256):
    algorithm_id = "ed25519"


def misnamed(robot):
    """Whoever holds the key signs with it, and says another algorithm."""
    ALGORITHMS["misnamed"] = Misnamed
    return replace(robot.signer, algorithm="misnamed")


def as_ed25519(robot):
    made = ed25519.Ed25519PrivateKey.generate()
    private = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return replace(robot.signer, key=private, algorithm="ed25519")


@pytest.mark.parametrize(("code", "attempt"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_signature_is_refused_with_its_own_code(robot, code, attempt):
    assert told(attempt(robot)) == (403, code)


def revoked(robot):
    SigningKey.objects.update(expires_at=timezone.now())
    return robot.send("GET", KEYS)


def replayed(robot):
    headers = robot.signer.headers("GET", KEYS)
    robot.client.get(KEYS, headers=headers)
    return robot.client.get(KEYS, headers=headers)


def at_another_shop(robot):
    stranger = SignedClient(
        Client(headers={"host": "globex.localhost"}), replace(robot.signer, host="globex.localhost")
    )
    return stranger.send("GET", KEYS)


# The refusals that were promised (issue 4, acceptance 1), each with a code of its own.
PROMISED = {
    "replay": (1149, replayed),
    "stale": SPOILT["stale"],
    "future": SPOILT["future"],
    "wrong tenant's key": (1151, at_another_shop),
    "digest mismatch": SPOILT["another body"],
    "uncovered component": SPOILT["method not covered"],
    "revoked key": (1147, revoked),
    "algorithm confusion": SPOILT["another algorithm named"],
}


@pytest.mark.parametrize(("code", "attempt"), PROMISED.values(), ids=PROMISED)
def test_each_promised_refusal_has_its_code(robot, globex, code, attempt):
    assert told(attempt(robot)) == (403, code)


def test_no_two_promised_refusals_share_a_code_and_the_catalogue_explains_each(robot):
    codes = {code for code, _attempt in PROMISED.values()}
    told_of = {error["code"] for error in robot.client.get("/api/errors/").json()["errors"]}

    assert len(codes) == len(PROMISED)
    assert codes <= told_of


def test_a_signature_for_one_path_opens_no_other(robot):
    headers = robot.signer.headers("GET", KEYS)

    assert told(robot.client.get("/api/v1/audit/", headers=headers)) == (403, 1145)
    assert told(robot.client.get(f"{KEYS}?page_size=2", headers=headers)) == (403, 1145)
    assert robot.client.get(KEYS, headers=headers).status_code == 200


def test_a_request_is_accepted_once(robot):
    headers = robot.signer.headers("POST", KEYS, BODY)

    def send():
        return robot.client.post(KEYS, BODY, content_type="application/json", headers=headers)

    assert (send().status_code, told(send())) == (201, (403, 1149))


def test_a_public_key_is_never_taken_for_a_shared_secret(acme, context, client_of):
    key, _private = key_of("ed25519", context)
    der = SigningKey.objects.get(pk=key.pk)
    forger = Signer(key.key_id, bytes(der.material), "acme.localhost")
    robot = SignedClient(client_of(acme), forger)

    assert told(robot.send("GET", KEYS)) == (403, 1145)
    assert told(robot.send("GET", KEYS, include_alg=False)) == (403, 1145)


def test_a_revoked_key_is_named_to_its_holder_only(robot, context):
    key = SigningKey.objects.get(key_id=robot.signer.key_id)
    revoke_signing_key(key_id=key.pk, context=context)

    assert told(robot.send("GET", KEYS)) == (403, 1147)
    assert told(SignedClient(robot.client, other_secret(robot)).send("GET", KEYS)) == (403, 1145)


def test_both_keys_work_while_one_takes_over_from_the_other(robot, context):
    old = SigningKey.objects.get(key_id=robot.signer.key_id)
    new, secret = rotate_signing_key(key_id=old.pk, overlap=timedelta(hours=1), public_key="", context=context)
    successor = Signer(new.key_id, base64.b64decode(secret), "acme.localhost")

    assert robot.send("GET", KEYS).status_code == 200
    assert SignedClient(robot.client, successor).send("GET", KEYS).status_code == 200
    SigningKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    assert told(robot.send("GET", KEYS)) == (403, 1147)


def test_a_rotation_takes_the_right_to_change_the_key_and_keeps_its_life(context):
    wanted = CreateSigningKey(name="robot", permissions=["*:*"], expires_at=timezone.now() + timedelta(days=3))
    old, _secret = create_signing_key(input=wanted, context=context)
    rotate = partial(rotate_signing_key, key_id=old.pk, overlap=timedelta(0), public_key="")
    with pytest.raises(PermissionDenied):
        rotate(context=replace(context, permissions=frozenset({"signing_key:create"})))

    new, _secret = rotate(context=context)
    assert abs(new.expires_at - old.expires_at) < timedelta(minutes=1)


def test_a_key_whose_material_does_not_open_is_no_key(robot):
    SigningKey.objects.update(material=b"sealed under a key that is gone")

    assert told(robot.send("GET", KEYS)) == (403, 1145)


def test_the_key_of_another_shop_is_bound_to_that_shop(robot, globex, client_of):
    stranger = SignedClient(client_of(globex), replace(robot.signer, host="globex.localhost"))

    assert told(stranger.send("GET", KEYS)) == (403, 1151)


def test_a_signature_beside_a_bearer_key_must_be_of_the_same_shop(robot, globex, client_of):
    with tenant_scope(globex):
        _key, plain = create_api_key(name="till", permissions=["*:*"], context=current())
    bearer = {"Authorization": f"Bearer {plain}"}
    mixed = SignedClient(client_of(globex), replace(robot.signer, host="globex.localhost"), bearer)

    assert told(mixed.send("GET", KEYS)) == (403, 1151)


@pytest.mark.parametrize(("policy", "unsigned", "broken"), [("off", 200, 200), ("optional", 200, 403)])
def test_the_shop_decides_what_signatures_mean(robot, context, policy, unsigned, broken):
    change_trust_policy(input=ChangeTrustPolicy(signatures=policy), context=context)
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=context)
    bearer = {"Authorization": f"Bearer {plain}"}

    assert robot.client.get(KEYS, headers=bearer).status_code == unsigned
    assert robot.send("GET", KEYS, headers=bearer, age=400).status_code == broken


def test_a_shop_may_require_signatures(robot, context):
    change_trust_policy(input=ChangeTrustPolicy(signatures="required"), context=context)
    _key, plain = create_api_key(name="till", permissions=["*:*"], context=context)
    bearer = {"Authorization": f"Bearer {plain}"}

    assert told(robot.client.get(KEYS, headers=bearer)) == (403, 1140)
    assert robot.send("GET", KEYS, headers=bearer).status_code == 200


class NoStore:
    def claim(self, *_what, **_how):
        raise StoreDown

    take = claim


def test_without_the_store_of_nonces_nothing_is_written(robot, monkeypatch):
    monkeypatch.setattr("apps.security.zero_trust.signature.trust_store", NoStore)

    assert told(robot.send("POST", KEYS, BODY)) == (503, 5401)
    assert robot.send("GET", KEYS).status_code == 200
