"""Stage 1: the request's signature (RFC 9421), its digest (RFC 9530), its age, its nonce.

What a stranger could find out by trying is one refusal, `SignatureInvalid`; what follows from the request itself, or
concerns somebody who holds the key, has a code of its own. Costs one statement and one round trip to the store.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest

from apps.security.signing import (
    Components,
    Key,
    SignatureFields,
    Unreadable,
    digest_matches,
    read_signature,
    signature_base,
)
from apps.security.zero_trust.admission import Admission
from apps.security.zero_trust.errors import (
    DigestMismatch,
    SignatureAlgorithmMismatch,
    SignatureFromFuture,
    SignatureIncomplete,
    SignatureInvalid,
    SignatureKeyRevoked,
    SignatureMalformed,
    SignatureReplayed,
    SignatureRequired,
    SignatureStale,
    TrustStoreUnavailable,
)
from apps.security.zero_trust.keyring import KnownKey, find_key
from apps.security.zero_trust.metrics import UNCHECKED
from apps.security.zero_trust.rules import OFF, REQUIRED
from apps.security.zero_trust.stores import StoreDown, trust_store
from rustok.config import config

MUST_COVER: Final = ("@method", "@target-uri", "@authority")
MUST_SAY: Final = ("created", "keyid", "nonce")
EXPLAIN: Final = "signature.explain"
"""The one operation that an unsigned request may call even where signatures are required."""
_MAX_NONCE: Final = 128
_RETRY_SECONDS: Final = 1.0
_DEFAULT_PORT: Final = {"http": ":80", "https": ":443"}
# Verified when nobody has the key, so that an unknown key takes as long as a wrong signature.
_NOBODY: Final = Key("hmac-sha256", bytes(32))


def verify_signature(request: HttpRequest, admission: Admission) -> None:
    """Fill `admission.signed_by`, or leave an unsigned request alone where the shop's rules allow it."""
    rules, meta = admission.rules, request.META
    if rules.signatures == OFF:
        return
    if "HTTP_SIGNATURE_INPUT" not in meta and "HTTP_SIGNATURE" not in meta:
        if rules.signatures == REQUIRED and admission.declared.name != EXPLAIN:
            raise SignatureRequired
        return
    body = admission.body()
    fields = read_fields(meta)
    check_coverage(fields, meta, body)
    check_age(fields, now=time.time())
    known = find_key(fields.parameters["keyid"])
    known = check_fit(fields, known, components_of(request))
    check_algorithm(fields, known)
    check_force(known)
    check_digest(meta.get("HTTP_CONTENT_DIGEST", ""), body)
    _claim_nonce(known, fields, is_safe=request.method in ("GET", "HEAD", "OPTIONS"))
    admission.signed_by = known.credential


def read_fields(meta: Mapping[str, Any]) -> SignatureFields:
    """The signature in a WSGI environment; raises SignatureMalformed."""
    try:
        return read_signature(meta.get("HTTP_SIGNATURE_INPUT", ""), meta.get("HTTP_SIGNATURE", ""))
    except Unreadable as error:
        raise SignatureMalformed(reason=str(error)) from error


def check_coverage(fields: SignatureFields, meta: Mapping[str, Any], body: bytes) -> None:
    """Raise SignatureIncomplete when something that makes the signature worth its name is left out."""
    digest = ("content-digest",) if body or "HTTP_CONTENT_DIGEST" in meta else ()
    missing = [name for name in (*MUST_COVER, *digest) if name not in fields.covered]
    missing += [name for name in MUST_SAY if not fields.parameters.get(name)]
    if missing:
        raise SignatureIncomplete(missing=", ".join(missing))
    if len(fields.parameters["nonce"]) > _MAX_NONCE:
        raise SignatureMalformed(reason="the nonce is too long")


def check_age(fields: SignatureFields, *, now: float) -> None:
    """Raise SignatureFromFuture or SignatureStale; `now` in seconds of the epoch."""
    settings, created = config(), fields.parameters["created"]
    if created > now + settings.signature_skew:
        raise SignatureFromFuture
    if created < now - settings.signature_max_age or fields.parameters.get("expires", now) < now:
        raise SignatureStale


def check_algorithm(fields: SignatureFields, known: KnownKey) -> None:
    """Raise SignatureAlgorithmMismatch when the request names another algorithm than the key was made for.

    Asked only of who holds the key, or may read the shop's keys: a stranger would learn that there is such a key.
    """
    if fields.parameters.get("alg", known.key.algorithm) != known.key.algorithm:
        raise SignatureAlgorithmMismatch


def check_fit(fields: SignatureFields, known: KnownKey | None, components: Components) -> KnownKey:
    """The key, which made this signature over these components; raises SignatureInvalid otherwise."""
    try:
        base = signature_base(fields, components)
    except Unreadable as error:
        raise SignatureMalformed(reason=str(error)) from error
    key = known.key if known is not None else _NOBODY
    if not key.verifies(fields.signature, base) or known is None:
        raise SignatureInvalid
    return known


def check_force(known: KnownKey) -> None:
    """Raise SignatureKeyRevoked; asked only after the signature has proved that its maker holds the key."""
    if not known.in_force:
        raise SignatureKeyRevoked


def check_digest(field: str, body: bytes) -> None:
    """Raise DigestMismatch unless the field speaks of this body. No field is right for no body."""
    if (body or field) and not digest_matches(field, body):
        raise DigestMismatch


def components_of(request: HttpRequest) -> Components:
    """The request as its sender addressed it. The scheme is the declared one: TLS may end in front of us."""
    meta, scheme = request.META, config().scheme
    raw = str(meta.get("RAW_URI") or meta.get("REQUEST_URI") or "")
    path = raw.partition("?")[0] if raw.startswith("/") else request.path
    authority = str(meta.get("HTTP_HOST", "")).lower().removesuffix(_DEFAULT_PORT[scheme])
    query = str(meta.get("QUERY_STRING", ""))
    return Components(request.method or "", scheme, authority, path, query, meta)


def _claim_nonce(known: KnownKey, fields: SignatureFields, *, is_safe: bool) -> None:
    """Raise SignatureReplayed. Without the store, safe methods pass: repeating them changes nothing."""
    said = f"{known.credential.actor.id} {fields.parameters['nonce']}"
    life = config().signature_max_age + config().signature_skew
    try:
        is_first = trust_store().claim(hashlib.sha256(said.encode()).digest(), seconds=life)
    except StoreDown as error:
        UNCHECKED.labels("nonce", "open" if is_safe else "closed").inc()
        if not is_safe:
            raise TrustStoreUnavailable(retry_after=_RETRY_SECONDS) from error
        return
    if not is_first:
        raise SignatureReplayed
