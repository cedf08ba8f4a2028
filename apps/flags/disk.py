"""The last known document on disk, sealed: what a process starts with while the store is down.

One file per data directory, written by whichever process of the machine saw the newest state. A file that was changed
by somebody without the secret key is ignored.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

import orjson

from apps.flags.snapshots import Document
from rustok.config import config

_SEAL: Final = 32


class LastKnown:
    """A sealed file. Reading and writing never raise: without a disk the flags still work."""

    def __init__(self, path: Path) -> None:
        """`path` is made when it is first written."""
        self._path = path

    def read(self) -> Document | None:
        """The stored document, or None: there is none, or it is not ours."""
        try:
            sealed = self._path.read_bytes()
        except OSError:
            return None
        seal, body = sealed[:_SEAL], sealed[_SEAL:]
        if not hmac.compare_digest(seal, _seal(body)):
            return None
        document: Document = orjson.loads(body)
        return document

    def write(self, document: Document) -> bool:
        """Store a document unless a newer one is there (another process was faster). Atomic; mode 0600."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known = self.read()
                if known is not None and known["read_at"] > document["read_at"]:
                    return False
                self._replace(orjson.dumps(document))
        except OSError:
            return False
        return True

    def _replace(self, body: bytes) -> None:
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_seal(body) + body)
        draft.replace(self._path)


def _seal(body: bytes) -> bytes:
    key = hashlib.sha256(b"rustok.flags" + config().secret_key.get_secret_value().encode()).digest()
    return hmac.digest(key, body, "sha256")
