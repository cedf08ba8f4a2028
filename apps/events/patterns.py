"""Filters over event types, as people write them and as PostgreSQL matches them.

`*` is everything, `orders.*` one app, `orders.order_placed` every version of one fact, `orders.order_placed.v1` one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from apps.events.errors import UnreadableFilter

EVERYTHING: Final = "*"
FORM: Final = r"^(?:\*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?:\.\*)?)$"
_PATTERN: Final = re.compile(FORM)
_VERSIONED: Final = re.compile(r".*\.v[0-9]+")


def like_patterns(filters: Iterable[str]) -> list[str]:
    """The LIKE patterns over wire types (`orders.order_placed.v1`) of some filters; none means everything.

    Raises UnreadableFilter for a text of another form.
    """
    return sorted({_like(text) for text in filters}) or ["%"]


def matches(wire_type: str, filters: Iterable[str]) -> bool:
    """Whether a fact of this wire type passes: the answer that the LIKE patterns give in SQL."""
    return any(_like_matches(pattern, wire_type) for pattern in like_patterns(filters))


def _like_matches(pattern: str, text: str) -> bool:
    expression = re.escape(pattern.replace("\\_", "_")).replace("%", ".*")
    return re.fullmatch(expression, text) is not None


def _like(text: str) -> str:
    if not _PATTERN.fullmatch(text) or len(text) > 120:
        raise UnreadableFilter(filter=text)
    if text == EVERYTHING:
        return "%"
    escaped = text.replace("_", "\\_")
    if text.endswith(".*"):
        return escaped[:-1] + "%"
    return escaped if _VERSIONED.fullmatch(text) else escaped + ".v%"
