"""Refresh tokens: 256 bits behind `rr_`, known here by their SHA-256 alone.

The successor of a token is its HMAC under a key of the platform: whoever repeats a refresh whose answer was lost gets
the same successor again, and nothing that could be replayed has to be stored for that.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rustok.config import config

_FORM: Final = re.compile(r"rr_[0-9a-f]{64}")
_INFO: Final = b"rustok.security.refresh_token.v1"


def new_refresh_token() -> str:
    """The first token of a family."""
    return f"rr_{secrets.token_hex(32)}"


def is_refresh_token(text: str) -> bool:
    """Whether the text has the form of one."""
    return _FORM.fullmatch(text) is not None


def digest_of(token: str) -> bytes:
    """What is stored. A plain SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def successor_of(token: str) -> str:
    """The token that follows this one; only the platform can tell."""
    return f"rr_{hmac.digest(_key(), token.encode(), 'sha256').hex()}"


@cache
def _key() -> bytes:
    master = config().secret_key.get_secret_value().encode()
    return HKDF(SHA256(), 32, salt=None, info=_INFO).derive(master)
