"""Access tokens: JWTs (RFC 7519, profile of RFC 9068) signed with Ed25519 (RFC 8037, RFC 9864).

Keys are derived from the platform's secret key, one for each period of 30 days and each secret key, so that every
process has them, none is stored, and they rotate by themselves. A token names its key by `kid`, the thumbprint of the
public key (RFC 7638). Good are the keys of this period and its two neighbours: clocks differ at the border.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, OKPKey

from apps.operations.wakeups import PLATFORM
from rustok.config import config
from rustok.context import current
from rustok.db.ids import new_id
from rustok.errors.families import InvalidCredentials, TokenExpired

ALGORITHM: Final = "Ed25519"
TYPE: Final = "at+jwt"
AUDIENCE: Final = "rustok-api"
PERIOD_SECONDS: Final = 30 * 24 * 3600
LEEWAY_SECONDS: Final = 5  # between the clocks of our own machines
MOST_LENGTH: Final = 8_192
_CAPACITY: Final = 2_000
_INFO: Final = "rustok.security.access_token.v1.{period}"
_MUST_SAY: Final = ("sub", "role", "jti", "iat")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified access token says. `tenant` is PLATFORM for the platform's own."""

    subject: str
    tenant: UUID
    family: UUID
    permissions: frozenset[str]
    role: str
    expires: float


class _Verified:
    """Tokens whose signature this process has checked: their text is the proof. Bounded; about 0.1 ms saved each."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, AccessToken] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> AccessToken | None:
        with self._lock:
            return self._known.get(text)

    def keep(self, text: str, token: AccessToken) -> None:
        with self._lock:
            self._known[text] = token
            while len(self._known) > _CAPACITY:
                self._known.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


verified: Final = _Verified()


def looks_like_token(text: str) -> bool:
    """Whether the text is a compact JWS rather than a key: three parts. Says nothing about its worth."""
    return text.count(".") == 2 and len(text) <= MOST_LENGTH


def sign(*, subject: str, client: str, family: UUID, permissions: frozenset[str], role: str, expires: int) -> str:
    """A token of the current scope; `expires` in seconds of the epoch. Some 60 µs."""
    tenant, now = current().tenant, int(time.time())
    key = _signing_key(now // PERIOD_SECONDS)
    claims = {
        "iss": issuer(),
        "aud": AUDIENCE,
        "sub": subject,
        "client_id": client,
        "tenant_id": str(tenant.id if tenant is not None else PLATFORM),
        "role": role,
        "session_id": str(family),
        "scope": " ".join(sorted(permissions)),
        "jti": str(new_id()),
        "iat": now,
        "exp": expires,
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}, claims, key, [ALGORITHM])


def read(text: str) -> AccessToken:
    """The token, signature and claims checked; raises InvalidCredentials, or TokenExpired for one that was good once.

    The algorithm is ours to say, never the token's: `none`, HMAC with the public key and others are refused.
    """
    known = verified.get(text)
    if known is None:
        known = _checked(text)
        verified.keep(text, known)
    if known.expires + LEEWAY_SECONDS <= time.time():
        raise TokenExpired
    return known


def issuer() -> str:
    """Who we say we are."""
    return config().token_issuer or config().public_url(config().base_domain)


def public_keys() -> dict[str, Any]:
    """The JWK Set (RFC 7517) of the keys that are good now or soon; nothing private in it."""
    keys: dict[str, Any] = dict(_key_set(_period()).as_dict(private=False))
    return keys


def _checked(text: str) -> AccessToken:
    if not looks_like_token(text):
        raise InvalidCredentials
    try:
        token = jwt.decode(text, _key_set(_period()), [ALGORITHM])
        if token.header.get("typ") != TYPE or "kid" not in token.header:
            raise InvalidCredentials
        _rules().validate(token.claims)
        return _parsed(token.claims)
    except ExpiredTokenError as error:
        raise TokenExpired from error
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidCredentials from error


def _rules() -> jwt.JWTClaimsRegistry:
    given: dict[str, Any] = {name: {"essential": True} for name in (*_MUST_SAY, "exp", "tenant_id", "session_id")}
    given |= {"iss": {"essential": True, "value": issuer()}, "aud": {"essential": True, "value": AUDIENCE}}
    return jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, **given)


def _parsed(claims: dict[str, Any]) -> AccessToken:
    return AccessToken(
        subject=claims["sub"],
        tenant=UUID(claims["tenant_id"]),
        family=UUID(claims["session_id"]),
        permissions=frozenset(claims.get("scope", "").split()),
        role=claims["role"],
        expires=claims["exp"],
    )


def _period() -> int:
    return int(time.time()) // PERIOD_SECONDS


@lru_cache(maxsize=8)
def _signing_key(period: int) -> OKPKey:
    return _derived(config().secret_key.get_secret_value(), period)


@lru_cache(maxsize=2)
def _key_set(period: int) -> KeySet:
    masters = [master.get_secret_value() for master in (config().secret_key, *config().secret_key_fallbacks)]
    near = (period, period - 1, period + 1)
    return KeySet([_public(_derived(master, one)) for master in masters for one in near])


def _derived(master: str, period: int) -> OKPKey:
    info = _INFO.format(period=period).encode()
    seed = HKDF(SHA256(), 32, salt=None, info=info).derive(master.encode())
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed), {"use": "sig", "alg": ALGORITHM})
    key.ensure_kid()
    return key


def _public(key: OKPKey) -> OKPKey:
    return OKPKey.import_key(key.as_dict(private=False))
