"""Secrets at rest: AES-256-GCM under keys derived from the platform's secret keys, bound to purpose and row.

A sealed value starts with four bytes that name the secret key it was sealed under. To rotate: make the old
`RUSTOK_SECRET_KEY` the first of `RUSTOK_SECRET_KEY_FALLBACKS`; old values open, new ones are sealed under the new key,
and `manage.py secrets renew` (`rustok.db.resealing`) moves the old ones to it.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rustok.config import config

_NONCE: Final = 12
_NAME: Final = 4


class Unsealable(ValueError):
    """The value was sealed under a secret key that this installation no longer has, for another row, or was changed."""


def seal(secret: bytes, *, purpose: str, row: UUID) -> bytes:
    """Encrypt for one purpose and one row; some 5 µs."""
    name, cipher = _ciphers(purpose)[0]
    nonce = os.urandom(_NONCE)
    return name + nonce + cipher.encrypt(nonce, secret, row.bytes)


def unseal(sealed: bytes, *, purpose: str, row: UUID) -> bytes:
    """Decrypt; raises Unsealable. Some 3 µs."""
    name, nonce, text = sealed[:_NAME], sealed[_NAME : _NAME + _NONCE], sealed[_NAME + _NONCE :]
    for known, cipher in _ciphers(purpose):
        if known == name:
            try:
                return cipher.decrypt(nonce, text, row.bytes)
            except (InvalidTag, ValueError) as error:
                raise Unsealable("changed, or sealed for another row") from error
    raise Unsealable("sealed under a secret key that is not configured")


def is_current(sealed: bytes, *, purpose: str) -> bool:
    """Whether the value is sealed under the newest secret key; others wait to be sealed afresh."""
    return sealed[:_NAME] == _ciphers(purpose)[0][0]


@cache
def _ciphers(purpose: str) -> tuple[tuple[bytes, AESGCM], ...]:
    """Newest first, each with its name."""
    masters = (config().secret_key, *config().secret_key_fallbacks)
    found = []
    for master in masters:
        info = f"rustok.{purpose}.v1".encode()
        material = HKDF(SHA256(), 32 + _NAME, salt=None, info=info).derive(master.get_secret_value().encode())
        found.append((material[32:], AESGCM(material[:32])))
    return tuple(found)
