"""Judging an ID token (OpenID Connect Core 1.0 section 3.1.3.7)."""

from __future__ import annotations

import hmac
import time
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from apps.security.oidc.discovery import keys_for
from apps.security.oidc.provider import Provider

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519")
"""Signatures with public keys only: `none`, and HMAC under something that others know, are no signatures here."""
LEEWAY_SECONDS: Final = 60
OLDEST_SECONDS: Final = 600
_LONGEST_SUBJECT: Final = 255


class NotBelieved(Exception):
    """Why an ID token is worth nothing; for the log, never for the browser."""


def believed(provider: Provider, text: str, *, nonce: str) -> dict[str, Any]:
    """The claims of a token that this provider made for us, now, for this sign-in. Raises NotBelieved.

    May fetch the provider's keys: raises ProviderUnavailable when that fails.
    """
    try:
        kid = jws.extract_compact(text.encode("ascii")).headers().get("kid")
        keys = keys_for(provider, kid if isinstance(kid, str) else None)
        claims = dict(jwt.decode(text, keys, ALGORITHMS).claims)
        _rules(provider).validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise NotBelieved(f"{type(error).__name__}: {error}") from error
    _check_audience(claims, provider.client_id)
    _check_rest(claims, nonce)
    return claims


def _rules(provider: Provider) -> jwt.JWTClaimsRegistry:
    given: dict[str, Any] = {name: {"essential": True} for name in ("sub", "exp", "iat", "nonce")}
    given["iss"] = {"essential": True, "value": provider.issuer}
    given["aud"] = {"essential": True, "value": provider.client_id}
    return jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, **given)


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (several or party is not None) and party != client_id:
        raise NotBelieved("azp")


def _check_rest(claims: dict[str, Any], nonce: str) -> None:
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise NotBelieved("nonce")
    if claims["iat"] < time.time() - OLDEST_SECONDS:
        raise NotBelieved("iat")
    subject = claims["sub"]
    if not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isascii() and subject.isprintable()):
        raise NotBelieved("sub")
