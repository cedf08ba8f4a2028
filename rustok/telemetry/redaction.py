"""Keeps secrets out of logs and error reports: by the name of a field, and by the shape of a token in any text.

The shape pass runs over the finished line, so that it also covers nested values and the text of exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

MASK: Final = "[redacted]"
_MAX_DEPTH: Final = 6
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})

_SECRET_NAME: Final = re.compile(
    r"passw(or)?d|passphrase|secret|credential|authorization|cookie|csrf|session_?key|private_?key|api_?key(?!_id)"
    r"|(^|_)(token|dsn|signature|otp|totp|pin|cvv|iban|card_number)$",
    re.IGNORECASE,
)
# API keys and signing secrets of this platform, HTTP credentials (RFC 9110 section 11.4), JSON Web Tokens (RFC 7519),
# and the password inside a URL (RFC 3986 section 3.2.1). The first group of each alternative stays readable.
_SECRET_SHAPE: Final = re.compile(
    r"(?P<key>\brk_)[A-Za-z0-9_\-.]{6,}"
    r"|(?P<hook>\bwhsec_)[A-Za-z0-9+/=_\-]{6,}"
    r"|(?P<scheme>\b(?:Bearer|Basic|Token)\s+)[A-Za-z0-9+/=_\-.~]{6,}"
    r"|(?P<jwt>\beyJ)[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*"
    r"|(?P<url>://[^\s:/@\"'\\]{0,80}:)[^\s/@\"'\\]{1,200}(?=@)",
    re.IGNORECASE,
)
# A plain substring test is ten times cheaper than the expression above; most lines end here.
_HINTS: Final = ("rk_", "whsec_", "bearer", "basic", "token", "eyj", "://")


@lru_cache(maxsize=2048)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, in any spelling of case, dash and underscore."""
    return _SECRET_NAME.search(name.replace("-", "_")) is not None


def redact_fields(facts: Mapping[str, Any], _depth: int = 0) -> Mapping[str, Any]:
    """Return the facts with every secret field masked, nested mappings and lists included.

    The very same mapping comes back when nothing had to be masked, which is nearly always.
    """
    changed: dict[str, Any] = {}
    for name, value in facts.items():
        if is_secret_name(name if type(name) is str else str(name)):
            changed[name] = MASK
        elif type(value) not in _PLAIN and isinstance(value, (Mapping, list, tuple)):
            inside = _inside(value, _depth + 1)
            if inside is not value:
                changed[name] = inside
    return {**facts, **changed} if changed else facts


def _inside(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return "[too deep]"
    if isinstance(value, Mapping):
        return redact_fields(value, depth)
    if isinstance(value, (list, tuple)):
        return [_inside(item, depth + 1) for item in value]
    return value


def redact_text(text: str) -> str:
    """Return the text with every known token shape masked behind its recognisable beginning."""
    lowered = text.lower()
    for hint in _HINTS:
        if hint in lowered:
            return _SECRET_SHAPE.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    kept = next(group for group in match.groups() if group is not None)
    return f"{kept}{MASK}"
