"""Choosing a request's language: query, then cookie, then Accept-Language, then the tenant's default, then English.

Pure functions; the middleware feeds them. Nothing here touches the database or the active translation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FALLBACK: Final = "en"
_HEADER_LIMIT: Final = 500
_LONGEST_TAG: Final = 64  # RFC 5646 asks for room for 35; a tag as long as a URL may be would cost its square


def negotiate(
    *, supported: Sequence[str], query: str | None, cookie: str | None, header: str, default: str = FALLBACK
) -> str:
    """The first of the wishes that is shipped; a wish for an unknown language is no error, it is passed over."""
    for wish in (query, cookie):
        found = _match(wish, supported)
        if found is not None:
            return found
    for tag in preferences(header):
        accepted = _match(default if tag == "*" else tag, supported)
        if accepted is not None:
            return accepted
    return _match(default, supported) or FALLBACK


def preferences(header: str) -> list[str]:
    """The tags of an Accept-Language header, best first (RFC 9110 section 12.5.4), without refused ones and garbage."""
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:_HEADER_LIMIT].split(",")):
        tag, _separator, parameter = part.strip().partition(";")
        quality = _quality(parameter)
        if tag and quality > 0:
            weighted.append((-quality, position, tag.strip().lower()))
    return [tag for _quality_, _position, tag in sorted(weighted)]


def _quality(parameter: str) -> float:
    """The weight of one entry, 0 to 1; a malformed one counts as refused."""
    name, _separator, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if name.strip() == "q" and 0 <= quality <= 1 else 0.0


def _match(wish: str | None, supported: Sequence[str]) -> str | None:
    """The shipped language for a tag, by lookup (RFC 4647 section 3.4): `ru-RU` finds `ru`."""
    if wish is None or len(wish) > _LONGEST_TAG:
        return None
    tag = wish.lower().replace("_", "-")
    while tag:
        if tag in supported:
            return tag
        tag = tag.rpartition("-")[0]
    return None
