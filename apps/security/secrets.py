"""Making, reading and comparing API keys."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

_FORM: Final = re.compile(r"rk_([0-9a-f]{12})_([0-9a-f]{64})")


class KeyMaterial(NamedTuple):
    """A key in parts. `plain` is what the owner keeps; only `prefix` and `secret_hash` are stored."""

    plain: str
    prefix: str
    secret_hash: bytes


def new_key() -> KeyMaterial:
    """A new key with 256 random bits."""
    prefix, secret = secrets.token_hex(6), secrets.token_hex(32)
    return KeyMaterial(f"rk_{prefix}_{secret}", prefix, _hash(secret))


def parse_key(text: str) -> tuple[str, bytes] | None:
    """Prefix and hash of the secret, or None for what is no key."""
    match = _FORM.fullmatch(text)
    return (match[1], _hash(match[2])) if match else None


def matches(stored: bytes, given: bytes) -> bool:
    """Whether two hashes are equal, in constant time."""
    return hmac.compare_digest(bytes(stored), given)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
