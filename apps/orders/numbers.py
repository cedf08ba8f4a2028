"""Order numbers for people: short, unique, in order of time, and not a counter that every order would have to lock."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

# Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O, U, so that nothing is misread on the phone.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_RANDOM_BITS: Final = 20


def order_number(at: datetime) -> str:
    """A number like `7K3M9Q-2XABCD`: milliseconds since 2020 (good until 2054) and 20 random bits.

    Two orders of one shop collide when they fall into the same millisecond and the same one of a million values; the
    unique constraint then refuses the second.
    """
    milliseconds = int((at - _EPOCH).total_seconds() * 1000)
    value = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    text = "".join(_ALPHABET[value >> shift & 31] for shift in range(55, -1, -5))
    return f"{text[:6]}-{text[6:]}"
