"""The language of grants: `resource:action`, optionally with a scope: `order:*`, `order:read:own`, `order:refund:none`.

Without a third word a grant reaches all rows; `own` reaches the actor's own; `none` withholds what others give, and
nothing outweighs it. `manage` is another word for `*`, every action. Whoever may read may list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

ANY: Final = "*"
_TEXT: Final = re.compile(r"([a-z][a-z0-9_]*|\*):([a-z][a-z0-9_]*|\*)(?::(all|own|none))?")


class Scope(IntEnum):
    """How far a grant reaches, from nothing to everything."""

    NONE = 0
    OWN = 1
    ALL = 2

    @property
    def word(self) -> str:
        """As written in a grant."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant. `str()` gives its normal form, in which `manage` is `*` and `all` is left out."""

    resource: str
    action: str
    scope: Scope = Scope.ALL

    @classmethod
    def parse(cls, text: str) -> Grant:
        """Read a grant; raises ValueError for anything else, and for `*:read`: any resource means any action."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no grant")
        resource, action, scope = match.groups()
        action = ANY if action == "manage" else action
        if resource == ANY and action != ANY:
            raise ValueError(f"{text!r} names an action of no resource")
        return cls(resource, action, Scope[scope.upper()] if scope else Scope.ALL)

    @property
    def permission(self) -> str:
        """`resource:action`."""
        return f"{self.resource}:{self.action}"

    def __str__(self) -> str:
        return self.permission if self.scope is Scope.ALL else f"{self.permission}:{self.scope.word}"

    def covers(self, other: Grant) -> bool:
        """Whether everything that the other speaks of is spoken of here too, whatever the scopes."""
        return self.resource in {other.resource, ANY} and self.action in {ANY, other.action, _stronger(other.action)}

    def touches(self, other: Grant) -> bool:
        """Whether both speak of something in common."""
        return self.covers(other) or other.covers(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a set of grants reaches for one permission, and the grant that decided ("" when there is none)."""

    scope: Scope
    grant: str = ""


def _stronger(action: str) -> str:
    return "read" if action == "list" else action


@lru_cache(maxsize=8192)
def verdict(granted: frozenset[str], permission: str) -> Verdict:
    """What the grants say about `resource:action`; texts that are no grants say nothing. A microsecond when known."""
    try:
        asked = Grant.parse(permission)
    except ValueError:
        return Verdict(Scope.NONE)
    held = sorted(_readable(granted), key=str)
    withheld = next((grant for grant in held if grant.scope is Scope.NONE and grant.touches(asked)), None)
    if withheld is not None:
        return Verdict(Scope.NONE, str(withheld))
    best = max((grant for grant in held if grant.covers(asked)), key=lambda grant: grant.scope, default=None)
    return Verdict(best.scope, str(best)) if best is not None else Verdict(Scope.NONE)


def scope_of(granted: frozenset[str], permission: str) -> Scope:
    """How far the grants reach for `resource:action`."""
    return verdict(granted, permission).scope


@lru_cache(maxsize=8192)
def holds(granted: frozenset[str], grant: str) -> bool:
    """Whether the grants give all that `grant` would; one with the scope `own` needs no more than that."""
    try:
        wanted = Grant.parse(grant)
    except ValueError:
        return False
    return scope_of(granted, wanted.permission) >= wanted.scope


def lacking(granted: frozenset[str], wanted: Iterable[str]) -> list[str]:
    """What `wanted` would give beyond `granted`, sorted; empty when it may be handed on.

    What the giver is withheld from must be withheld by `wanted` too, or not be touched by it.
    """
    asked = {text: Grant.parse(text) for text in wanted}
    kept = [grant for grant in asked.values() if grant.scope is Scope.NONE]
    own = frozenset(
        str(grant)
        for grant in _readable(granted)
        if not (grant.scope is Scope.NONE and any(other.covers(grant) for other in kept))
    )
    return sorted(text for text, grant in asked.items() if grant.scope and not holds(own, str(grant)))


def normal(grants: Iterable[str]) -> list[str]:
    """The grants in their normal form, sorted, each once; raises ValueError for what is no grant."""
    return sorted({str(Grant.parse(text)) for text in grants})


def is_grant(text: str) -> bool:
    """Whether the text is a grant."""
    try:
        Grant.parse(text)
    except ValueError:
        return False
    return True


def _readable(granted: Iterable[str]) -> list[Grant]:
    return [Grant.parse(text) for text in granted if is_grant(text)]
