"""Secrets at rest: AES-256-GCM under a key derived from the platform's secret key, bound to their row."""

from __future__ import annotations

import os
from functools import cache
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rustok.config import config

_NONCE: Final = 12
_PURPOSE: Final = b"rustok.webhooks.secret.v1"


def seal(secret: bytes, *, row: UUID) -> bytes:
    """Encrypt for one row; nonce first."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher().encrypt(nonce, secret, row.bytes)


def unseal(sealed: bytes, *, row: UUID) -> bytes:
    """Decrypt; raises cryptography's InvalidTag when the row or the platform's secret key is another one."""
    return _cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], row.bytes)


@cache
def _cipher() -> AESGCM:
    master = config().secret_key.get_secret_value().encode()
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(master))
