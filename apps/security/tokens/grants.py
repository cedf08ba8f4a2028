"""Grants as sets: what a token may be given, and what is left of it when its parent is given less."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rustok.grants import Grant, Scope, is_grant


@lru_cache(maxsize=4_096)
def intersection(wanted: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """What both grant, and withheld what either withholds: for every permission the narrower of the two scopes.

    Of two grants that speak of a common permission one covers the other, so that pairs suffice. Texts that are no
    grants grant nothing. A microsecond when known.
    """
    first, second = _readable(wanted), _readable(held)
    withheld = {str(grant) for grant in (*first, *second) if grant.scope is Scope.NONE}
    meets = (_meet(one, other) for one in first for other in second if one.scope and other.scope)
    return frozenset(withheld | {str(grant) for grant in meets if grant is not None})


def _meet(one: Grant, other: Grant) -> Grant | None:
    if not one.touches(other):
        return None
    narrow = other if one.covers(other) else one
    return Grant(narrow.resource, narrow.action, min(one.scope, other.scope))


def _readable(grants: Iterable[str]) -> list[Grant]:
    return [Grant.parse(text) for text in grants if is_grant(text)]
