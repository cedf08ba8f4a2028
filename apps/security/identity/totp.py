"""Time-based one-time passwords (RFC 6238 over RFC 4226). Pure arithmetic; nothing is stored here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""Steps that a clock may be early or late (RFC 6238 section 5.2 recommends one)."""
SECRET_BYTES: Final = 20


def new_secret() -> bytes:
    """160 random bits, the size that RFC 4226 section 4 recommends."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(seconds: float) -> int:
    """The time step of a Unix time."""
    return int(seconds) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The code of one time step. `sha1` is what every authenticator app knows; HMAC does not need more of it."""
    digest = hmac.new(secret, struct.pack(">Q", step), getattr(hashlib, algorithm)).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, *, at: float, after: int) -> int | None:
    """The time step whose code this is, within the drift and later than `after`; None when there is none.

    Each step is accepted once: pass the step that was accepted last as `after` (RFC 6238 section 5.2). All candidates
    are compared, each in constant time.
    """
    now, given, found = step_at(at), code.encode(), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, max(step, 0)).encode(), given) and step > after:
            found = step
    return found


def base32(secret: bytes) -> str:
    """As people type it, without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What a QR code holds, in the form that authenticator apps share (`otpauth://`)."""
    label = quote(f"{issuer}:{account}", safe="")
    facts = urlencode({"secret": base32(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{label}?{facts}"
