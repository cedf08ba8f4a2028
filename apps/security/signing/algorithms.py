"""The three algorithms (RFC 9421 section 3.3): hmac-sha256, ed25519, ecdsa-p256-sha256.

A key knows its algorithm; what a request names is compared with it and chooses nothing, so that a public key can never
be taken for a shared secret.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from apps.security.models.trust import ECDSA_P256, ED25519, HMAC_SHA256

SECRET_BYTES: Final = 32
_HALF: Final = 32


@dataclass(frozen=True, slots=True)
class Key:
    """What verifies: a shared secret, or a public key in DER."""

    algorithm: str
    material: bytes

    def verifies(self, signature: bytes, base: bytes) -> bool:
        """Whether the signature is this key's over the base. 5 µs (HMAC) to 150 µs (ECDSA)."""
        if self.algorithm == HMAC_SHA256:
            return hmac.compare_digest(hmac.digest(self.material, base, "sha256"), signature)
        try:
            _verify(_public(self.material), signature, base)
        except (InvalidSignature, ValueError):
            return False
        return True


def new_secret() -> bytes:
    """A shared secret with 256 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def readable_key(algorithm: str, pem: str) -> bytes:
    """A public key in PEM as DER; raises ValueError unless it is one of this algorithm."""
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise ValueError("the key is of another kind")
    fits = (algorithm == ED25519 and isinstance(key, Ed25519PublicKey)) or (
        algorithm == ECDSA_P256 and isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    )
    if not fits:
        raise ValueError("the key is not one of this algorithm")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(material: bytes) -> str:
    """How people compare keys: SHA-256 in hex, the first 16 digits."""
    return hashlib.sha256(material).hexdigest()[:16]


def _verify(key: Ed25519PublicKey | EllipticCurvePublicKey, signature: bytes, base: bytes) -> None:
    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, base)
        return
    if len(signature) != 2 * _HALF:
        raise ValueError("r and s are 32 bytes each")
    r, s = int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])
    key.verify(encode_dss_signature(r, s), base, ECDSA(SHA256()))


@lru_cache(maxsize=1024)
def _public(der: bytes) -> Ed25519PublicKey | EllipticCurvePublicKey:
    key = load_der_public_key(der)
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise TypeError("sealed material is of another kind")
    return key
