"""Statements that a session knows by name: PostgreSQL parses and plans them once instead of at each call.

Said in SQL (PREPARE, EXECUTE), so that several fit into one message of the simple protocol (`rustok.db.batches`). A
plan follows the session's `search_path`: PostgreSQL makes it anew after the path has changed, for what it would have
cost anyway. Behind a pooler that hands out sessions per transaction a name may be known to another session only, so
sessions that are not the server's own are told everything in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2s
from typing import Any, Final

from rustok.db.attribution import concerns

MOST_NAMES: Final = 64
"""Statements that one session knows; a plan takes some kilobytes of the server's memory."""
_VALUE: Final = re.compile("%[s%]")
_PLANNED: Final = re.compile(r"\s*(?:INSERT|WITH|UPDATE|DELETE|MERGE|SELECT|VALUES)\b", re.IGNORECASE)
"""What can be prepared (PostgreSQL manual, PREPARE)."""


@dataclass(slots=True)
class Known:
    """What one session knows by name."""

    names: dict[str, str] = field(default_factory=dict)
    unsure: bool = False
    """A message with a PREPARE in it failed: perhaps before, perhaps after."""


@dataclass(frozen=True, slots=True)
class Message:
    """The text of several statements for one session, with `%s` for their values in order."""

    text: str
    introduced: dict[str, str]
    known: Known | None

    @classmethod
    def of(cls, session: Any, statements: Sequence[str]) -> Message:
        """Name what may be named. `session` is the driver's connection; one without `known` is told all in full."""
        known: Known | None = getattr(session, "known", None)
        if known is None:
            return cls("; ".join(statements), {}, None)
        parts: list[str] = []
        introduced: dict[str, str] = {}
        if known.unsure:
            known.names.clear()
            parts.append("DEALLOCATE ALL")
        for statement in statements:
            name = known.names.get(statement) or introduced.get(statement)
            if name is None and len(known.names) + len(introduced) < MOST_NAMES and _may_be_named(statement):
                name, definition = _definition(statement)
                introduced[statement] = name
                parts.append(definition)
            parts.append(statement if name is None else _call(name, statement))
        return cls("; ".join(parts), introduced, known)

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Send the message inside: what it introduced is known to the session once it has passed."""
        known = self.known
        if known is None or not (self.introduced or known.unsure):
            yield
            return
        known.unsure = True
        yield
        known.unsure = False
        known.names.update(self.introduced)


def name_of(session: Any, statement: str) -> bytes | None:
    """The name by which the session surely knows the statement."""
    known: Known | None = getattr(session, "known", None)
    if known is None or known.unsure:
        return None
    name = known.names.get(statement)
    return None if name is None else name.encode()


@lru_cache(maxsize=1_024)
def _may_be_named(statement: str) -> bool:
    """Whether it has a plan, and need not be seen in full by whoever watches for audited tables."""
    return _PLANNED.match(statement) is not None and not concerns(statement)


@lru_cache(maxsize=1_024)
def _definition(statement: str) -> tuple[str, str]:
    """The name and the PREPARE of a statement. One name for all sessions keeps the driver's own cache small."""
    name = f"rustok_{blake2s(statement.encode(), digest_size=8).hexdigest()}"
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%%"
        count += 1
        return f"${count}"

    return name, f"PREPARE {name} AS {_VALUE.sub(number, statement)}"


@lru_cache(maxsize=1_024)
def _call(name: str, statement: str) -> str:
    values = sum(found == "%s" for found in _VALUE.findall(statement))
    return f"EXECUTE {name} ({', '.join(['%s'] * values)})" if values else f"EXECUTE {name}"
