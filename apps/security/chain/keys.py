"""The key that signs checkpoints: Ed25519 (RFC 8032), in a file outside the database.

`RUSTOK_AUDIT_KEY_FILE` names it (PEM, PKCS #8); by default one is made in the data directory, readable by its owner
only. Who verifies needs the public half alone.
"""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from rustok.config import config


def key_file() -> Path:
    """Where the private key is, or will be made."""
    return config().audit_key_file or config().data_dir / "audit" / "key.pem"


@cache
def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key of that file; made if there is none. Raises OSError, and ValueError when it holds another kind."""
    if not path.exists():
        _make(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} does not hold an Ed25519 key")
    return key


def public_pem(path: Path) -> bytes:
    """The public half as PEM (SubjectPublicKeyInfo)."""
    return signing_key(path).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_id(path: Path) -> str:
    """The first 16 hex digits of the SHA-256 of the public key's 32 bytes."""
    return sha256(signing_key(path).public_key().public_bytes_raw()).hexdigest()[:16]


def _make(path: Path) -> None:
    """Make a key; when another process makes one at the same moment, the first file stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
