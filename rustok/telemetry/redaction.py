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
    r"|(recovery|backup|security)_codes?|(^|_)assertion$"
    r"|(^|_)(token|dsn|signature|otp|totp|pin|pan|cvc|cvv|iban|card_?(number|no))s?$",
    re.IGNORECASE,
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# API keys and signing secrets of this platform, HTTP credentials (RFC 9110 section 11.4), JSON Web Tokens (RFC 7519),
# the password inside a URL (RFC 3986 section 3.2.1), secrets in a query and in the members of a JSON text. The first
# group of each alternative stays readable. Lines are searched as rendered, where a newline is the two characters `\n`.
# No alternative begins inside its own run of characters: a path made of a thousand beginnings would else be read a
# thousand times.
_BEGIN: Final = r"(?:\b|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
_SECRET_SHAPE: Final = re.compile(
    rf"(?P<key>{_BEGIN}rk_)[A-Za-z0-9_\-.]{{6,}}"
    rf"|(?P<hook>{_BEGIN}whsec_)[A-Za-z0-9+/=_\-]{{6,}}"
    rf"|(?P<scheme>{_BEGIN}(?:Bearer|Basic|Token)\s+)[A-Za-z0-9+/=_\-.~]{{6,}}"
    r"|(?P<jwt>(?:(?<![A-Za-z0-9_\-])|(?<=\\[bfnrt]))eyJ)[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*"
    r"|(?P<url>://[^\s:/@\"'\\]{0,80}:)[^\s/@\"'\\]{1,200}(?=@)"
    r"|(?P<query>[?&][a-z_\-]{0,40}(?:token|key|password|secret|signature)=)[^&\s\"'\\]+"
    r"|(?P<member>\"[\w\-]{0,40}(?:password|passwd|secret|token|authorization|api_?key|cookie|card_?number)\\*\""
    r"\s*:\s*\\*\")[^\"\\]+",
    re.IGNORECASE,
)
# Numbers of payment cards (ISO/IEC 7812): 13 to 19 digits, maybe in groups, whose check digit fits.
_CARD: Final = re.compile(r"(?:(?<![0-9A-Za-z_.\-])|(?<=\\[nrt]))[2-6][0-9](?:[ \-]?[0-9]){11,17}(?![0-9A-Za-z_\-])")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# A plain substring test is ten times cheaper than the expression above; most lines end here.
_HINTS: Final = (
    *("rk_", "whsec_", "bearer", "basic", "token", "eyj", "://"),
    *("key=", "signature=", "password", "passwd", "secret", "authorization", "api_key", "apikey", "cookie"),
    *("card_number", "cardnumber"),
)


@lru_cache(maxsize=2048)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, in any spelling of case, dash and underscore."""
    return _SECRET_NAME.search(_HUMP.sub("_", name).replace("-", "_")) is not None


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
    if _CARD.search(text) is not None:
        text = _CARD.sub(_masked_card, text)
    lowered = text.lower()
    for hint in _HINTS:
        if hint in lowered:
            return _SECRET_SHAPE.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    kept = next(group for group in match.groups() if group is not None)
    return f"{kept}{MASK}"


def _masked_card(match: re.Match[str]) -> str:
    digits = [int(sign) for sign in reversed(match[0]) if sign.isdigit()]
    total = sum(digits[0::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])
    return match[0] if total % 10 else MASK
