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
_NAMES: Final = "password|passwd|secret|token|authorization|api_?key|cookie|card_?number"


def _begun(word: str) -> str:
    """The word where one begins. Lines are searched as rendered, where a newline is the two characters `\n`.

    It stands before the conditions, so that the search goes from one occurrence to the next.
    """
    return rf"{word}(?:(?<!\w{word})|(?<=\\[bfnrt]{word})|(?<=\\u[0-9a-f]{{4}}{word}))"


def _rule(hints: str, pattern: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    return tuple(hints.split()), re.compile(pattern, re.IGNORECASE)


# Substrings that are looked for first, which is ten times cheaper, and the shape: API keys and refresh tokens, signing
# secrets, HTTP credentials (RFC 9110 section 11.4), JSON Web Tokens (RFC 7519), the password inside a URL (RFC 3986
# section 3.2.1), secrets in a query, in members of a JSON text, in arguments as Python shows them. The first group
# stays readable. No shape begins inside its own run of characters: a path made of a thousand beginnings would else be
# read a thousand times.
_RULES: Final = (
    _rule("rk_ rr_", rf"({_begun('r[kr]_')})[A-Za-z0-9_\-.]{{6,}}"),
    _rule("whsec_", rf"({_begun('whsec_')})[A-Za-z0-9+/=_\-]{{6,}}"),
    *(_rule(scheme, rf"({_begun(scheme)}\s+)[A-Za-z0-9+/=_\-.~]{{6,}}") for scheme in ("bearer", "basic", "token")),
    _rule(
        "eyj",
        r"(eyJ(?:(?<![A-Za-z0-9_\-]eyJ)|(?<=\\[bfnrt]eyJ)))[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*",
    ),
    _rule("://", r"(://[^\s:/@\"'\\]{0,80}:)[^\s/@\"'\\]{1,200}(?=@)"),
    _rule(
        "token= key= password= secret= signature=",
        r"([?&][a-z_\-]{0,40}(?:token|key|password|secret|signature)=)[^&\s\"'\\]+",
    ),
    _rule(
        "password passwd secret token authorization apikey api_key\" api_key' api_key\\ api_key= cookie card",
        rf"((?:{_NAMES})(?:\\*[\"']\s*:\s*|=)\\*[\"'])[^\"'\\]+",
    ),
)
# One of these is in every text that holds one of the hints; hardly any text has one.
_STEMS: Final = (
    "rk_", "rr_", "whsec_", "bearer", "basic", "token", "eyj", "://", "key", "passw", "secret", "signature",
    "authorization", "cookie", "card",
)  # fmt: skip
# Numbers of payment cards (ISO/IEC 7812): 13 to 19 digits, maybe in groups, whose check digit fits.
# The first digit stands before the conditions, so that the search goes from one such digit to the next.
_CARD: Final = re.compile(
    r"[2-6](?:(?<![0-9A-Za-z_.\-][2-6])|(?<=\\[nrt][2-6]))[0-9](?:[ \-]?[0-9]){11,17}(?![0-9A-Za-z_\-])"
)
_DIGITS: Final = re.compile(r"[0-9]{4}[ \-]?[0-9]{4}[ \-]?[0-9]{2}")  # a cheap first look
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


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
    if _DIGITS.search(text) is not None:
        text = _CARD.sub(_masked_card, text)
    lowered = text.lower()
    for stem in _STEMS:
        if stem in lowered:
            return _searched(text, lowered)
    return text


def _searched(text: str, lowered: str) -> str:
    for hints, shape in _RULES:
        for hint in hints:
            if hint in lowered:
                text = shape.sub(_masked, text)
                break
    return text


def _masked(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}"


def _masked_card(match: re.Match[str]) -> str:
    digits = [int(sign) for sign in reversed(match[0]) if sign.isdigit()]
    total = sum(digits[0::2]) + sum(_DOUBLED[digit] for digit in digits[1::2])
    return match[0] if total % 10 else MASK
