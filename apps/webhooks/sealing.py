"""Signing secrets at rest: sealed by the kernel (`rustok.sealing`), bound to their endpoint's row."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok import sealing

_PURPOSE: Final = "webhooks.secret"


def seal(secret: bytes, *, row: UUID) -> bytes:
    """Encrypt for one row."""
    return sealing.seal(secret, purpose=_PURPOSE, row=row)


def unseal(sealed: bytes, *, row: UUID) -> bytes:
    """Decrypt; raises Unsealable when the row or the platform's secret key is another one."""
    return sealing.unseal(sealed, purpose=_PURPOSE, row=row)


def is_current(sealed: bytes) -> bool:
    """Whether it is sealed under the newest secret key of the platform."""
    return sealing.is_current(sealed, purpose=_PURPOSE)
