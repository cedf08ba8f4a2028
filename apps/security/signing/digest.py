"""`Content-Digest` (RFC 9530): the hash of the body's bytes as they were sent."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

import http_sf
from http_sf import StructuredFieldError

from apps.security.signing.fields import plain_bytes

ALGORITHMS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_MAX_LENGTH: Final = 1024


def digest_matches(field: str, body: bytes) -> bool:
    """Whether the field names at least one algorithm that counts as secure, and every such digest fits the body."""
    if len(field) > _MAX_LENGTH:
        return False
    plain = plain_bytes(field)
    if plain is not None:
        return plain[0] in ALGORITHMS and hmac.compare_digest(ALGORITHMS[plain[0]](body).digest(), plain[1])
    try:
        given: Any = http_sf.parse(field.encode("ascii"), tltype="dictionary")
    except (StructuredFieldError, UnicodeEncodeError):
        return False
    known = [(ALGORITHMS[name], value) for name, (value, _parameters) in given.items() if name in ALGORITHMS]
    return bool(known) and all(
        isinstance(value, bytes) and hmac.compare_digest(algorithm(body).digest(), value) for algorithm, value in known
    )
