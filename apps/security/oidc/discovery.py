"""What the provider says about itself (OpenID Connect Discovery 1.0), and its keys; remembered per process.

Keys are fetched again when a token names one that is not known, at most every `KEYS_PAUSE` seconds: so a provider
rotates without telling anybody, and a flood of invented names costs it nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from apps.security.oidc.errors import ProviderUnavailable
from apps.security.oidc.outbound import Unusable, ask
from apps.security.oidc.provider import Provider
from rustok.telemetry.logging import log_event

METADATA_SECONDS: Final = 3600.0
KEYS_PAUSE: Final = 30.0
_KINDS: Final[dict[Any, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_MUST_SAY: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(slots=True)
class Known:
    """One provider: its metadata, its keys, and when each was fetched (monotonic seconds)."""

    metadata: dict[str, Any]
    fetched: float
    keys: KeySet | None = None
    keys_fetched: float = field(default=float("-inf"))


_known: Final[dict[str, Known]] = {}
_lock: Final = Lock()


def metadata(provider: Provider) -> dict[str, Any]:
    """The provider's metadata, at most an hour old; raises ProviderUnavailable."""
    return _about(provider).metadata


def keys_for(provider: Provider, kid: str | None) -> KeySet:
    """The provider's keys, fetched afresh when this one is not among them; raises ProviderUnavailable."""
    about, now = _about(provider), time.monotonic()
    missing = about.keys is None or (kid is not None and kid not in {key.kid for key in about.keys.keys})
    if missing and (about.keys is None or now - about.keys_fetched >= KEYS_PAUSE):
        about.keys, about.keys_fetched = _fetch_keys(provider, str(about.metadata["jwks_uri"])), now
    assert about.keys is not None
    return about.keys


def forget() -> None:
    """Ask again at the next sign-in; for tests and changed configurations."""
    with _lock:
        _known.clear()


def _about(provider: Provider) -> Known:
    now = time.monotonic()
    with _lock:
        about = _known.get(provider.issuer)
    if about is not None and now - about.fetched < METADATA_SECONDS:
        return about
    found = Known(_discover(provider), now)
    with _lock:
        _known[provider.issuer] = found
    return found


def _discover(provider: Provider) -> dict[str, Any]:
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        said = ask(provider, url)
        missing = [name for name in _MUST_SAY if not isinstance(said.get(name), str)]
        if missing:
            raise Unusable(f"{url} does not say {', '.join(missing)}")
        if said.get("issuer") != provider.issuer:
            raise Unusable(f"{url} speaks for {said.get('issuer')!r}")
    except Unusable as error:
        log_event("oidc.unusable", issuer=provider.issuer, reason=str(error))
        raise ProviderUnavailable from error
    return said


def _fetch_keys(provider: Provider, url: str) -> KeySet:
    try:
        listed = ask(provider, url)["keys"]
        keys: list[Key] = [key for entry in listed if (key := _signing_key(entry)) is not None]
    except (Unusable, KeyError, TypeError) as error:
        log_event("oidc.unusable", issuer=provider.issuer, reason=f"{type(error).__name__}: {error}"[:300])
        raise ProviderUnavailable from error
    return KeySet(keys)


def _signing_key(entry: Any) -> Key | None:
    """A public key for signatures; keys of other kinds and uses are none of ours."""
    kind = _KINDS.get(entry.get("kty")) if isinstance(entry, dict) and entry.get("use", "sig") == "sig" else None
    try:
        return kind.import_key(entry) if kind is not None else None
    except (JoseError, ValueError, TypeError):
        return None
