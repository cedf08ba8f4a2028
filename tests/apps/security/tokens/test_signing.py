"""Access tokens are believed for their signature alone, made by our algorithm, under a key of ours, for this place."""

from __future__ import annotations

import base64
import json
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from apps.security.tokens import signing
from apps.security.tokens.signing import ALGORITHM, AUDIENCE, TYPE, issuer, public_keys, read, sign, verified
from rustok.errors.families import InvalidCredentials, TokenExpired

FAMILY = uuid.UUID("019b2f9a-7a44-7c1e-8a52-3f3a3a3a3a3a")


@pytest.fixture(autouse=True)
def nothing_known():
    verified.forget()
    yield
    verified.forget()


def made(expires=600):
    return sign(
        subject="api_key:1",
        client="till",
        family=FAMILY,
        permissions=frozenset({"order:read", "stock:*"}),
        role="api_key",
        expires=int(time.time()) + expires,
    )


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def key_of_now():
    return signing._signing_key(signing._period())


def forged(header=(), claims=(), key=None, algorithm=ALGORITHM):
    """A token with our key unless said otherwise, and some members of it changed (None: left out)."""
    ours = key_of_now()
    head = {"alg": algorithm, "kid": ours.kid, "typ": TYPE} | dict(header)
    said = claims_of(made()) | dict(claims)
    head, said = ({k: v for k, v in part.items() if v is not None} for part in (head, said))
    return jwt.encode(head, said, key or ours, [algorithm], default_type=None)


def test_a_token_says_who_where_and_what(acme):
    token = read(made())

    assert (token.subject, token.tenant, token.family, token.role) == ("api_key:1", acme.id, FAMILY, "api_key")
    assert token.permissions == {"order:read", "stock:*"}


def test_it_carries_the_claims_that_clients_know(acme):
    said = claims_of(made())

    assert (said["iss"], said["aud"], said["tenant_id"]) == (issuer(), AUDIENCE, str(acme.id))
    assert said.keys() >= {"sub", "role", "session_id", "exp", "iat", "jti", "scope", "client_id"}


def test_anybody_can_verify_it_with_the_published_keys(acme):
    keys = public_keys()

    assert jwt.decode(made(), signing.KeySet.import_key_set(keys), [ALGORITHM]).claims["sub"] == "api_key:1"
    assert not [key for key in keys["keys"] if "d" in key]


def with_public_key_as_secret():
    """The classic confusion: HMAC under what everybody knows."""
    secret = OctKey.import_key(base64.urlsafe_b64decode(key_of_now().as_dict(private=False)["x"] + "="))
    return forged(key=secret, algorithm="HS256")


def unsigned():
    _head, body, _signature = made().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": TYPE}).encode()).decode().rstrip("=")
    return f"{head}.{body}."


def other_claims():
    """Our signature over something else."""
    head, _body, signature = made().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims_of(made()) | {"scope": "*:*"}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


WRONG = {
    "no signature": unsigned,
    "HMAC with the public key": with_public_key_as_secret,
    "another family of keys": lambda: forged(key=ECKey.generate_key("P-256"), algorithm="ES256"),
    "a stranger's key under our name": lambda: forged(key=OKPKey.generate_key("Ed25519")),
    "an unknown key": lambda: forged({"kid": "nobody"}),
    "no key named": lambda: forged({"kid": None}),
    "another type": lambda: forged({"typ": "JWT"}),
    "no type": lambda: forged({"typ": None}),
    "claims changed": other_claims,
    "another issuer": lambda: forged(claims={"iss": "https://elsewhere.example"}),
    "another audience": lambda: forged(claims={"aud": "rustok-admin"}),
    "from the future": lambda: forged(claims={"iat": int(time.time()) + 3600}),
    "no end": lambda: forged(claims={"exp": None}),
    "an end that is no number": lambda: forged(claims={"exp": "never"}),
    "no session": lambda: forged(claims={"session_id": None}),
    "no tenant": lambda: forged(claims={"tenant_id": None}),
    "a tenant that is none": lambda: forged(claims={"tenant_id": "acme"}),
    "cut": lambda: made()[:-4],
    "too long": lambda: made() + "A" * signing.MOST_LENGTH,
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_everything_else_is_one_and_the_same_refusal(acme, make):
    token = make()

    with pytest.raises(InvalidCredentials):
        read(token)


def test_what_the_forger_makes_is_good_when_nothing_is_wrong(acme):
    assert read(forged()).subject == "api_key:1"


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_.-]{0,80}", fullmatch=True))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_taken_for_a_token_or_breaks_the_reader(text):
    with pytest.raises(InvalidCredentials):
        read(text)


def test_an_expired_token_says_so_known_or_not(acme, monkeypatch):
    token = made(expires=100)
    late = time.time() + 200

    monkeypatch.setattr(signing.time, "time", lambda: late)
    with pytest.raises(TokenExpired):
        read(token)

    verified.keep(token, signing._parsed(claims_of(token)))
    with pytest.raises(TokenExpired):
        read(token)


def test_keys_change_with_the_period_and_the_one_before_still_verifies(acme, monkeypatch):
    token, period = made(), signing._period()
    monkeypatch.setattr(signing, "_period", lambda: period + 1)
    assert read(token).subject == "api_key:1"

    verified.forget()
    monkeypatch.setattr(signing, "_period", lambda: period + 2)
    with pytest.raises(InvalidCredentials):
        read(token)
