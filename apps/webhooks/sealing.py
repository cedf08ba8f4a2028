"""Signing secrets at rest: sealed by the kernel (`rustok.sealing`), bound to their endpoint's row."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok import sealing

PURPOSE: Final = "webhooks.secret"


def seal(secret: bytes, *, row: UUID) -> bytes:
    """Encrypt for one row."""
    return sealing.seal(secret, purpose=PURPOSE, row=row)


def unseal(sealed: bytes, *, row: UUID) -> bytes:
    """Decrypt; raises Unsealable when the row or the platform's secret key is another one."""
    return sealing.unseal(sealed, purpose=PURPOSE, row=row)
