"""Who is writing: told to the database session before statements that touch audited tables.

Triggers of those tables can then name the actor even of bulk updates and raw SQL. Other statements cost one regular
expression, reads nothing; a write to an audited table costs one round trip more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import orjson
from django.db.utils import Error

from rustok.context import current

SETTING: Final = "rustok.actor"
_SET: Final = "SELECT set_config('rustok.actor', %s, %s)"

_tables: set[str] = set()
_pattern: re.Pattern[str] | None = None


def attribute(*tables: str) -> None:
    """Name tables whose writers are to be known. Called when apps start."""
    global _pattern  # noqa: PLW0603 - compiled once per registration, read by every statement
    _tables.update(tables)
    _pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(_tables)))})\b")


def concerns(statement: object) -> bool:
    """Whether the statement may write to such a table."""
    if _pattern is None:
        return False
    text = statement if isinstance(statement, str) else str(statement)
    return not text.startswith("SELECT") and _pattern.search(text) is not None


@contextmanager
def attributed(database: Any) -> Iterator[None]:
    """Let the session of this Django connection know the context's actor for the statement inside the block.

    In a transaction the knowledge ends with it; outside one it is taken back at once, so that nobody inherits it.
    """
    here = current()
    facts = {"actor": here.actor.reference, "label": here.actor.label[:200], "request": here.request_id}
    facts |= {"trace": here.trace.trace_id, "address": here.address}
    local = bool(database.in_atomic_block)
    _tell(database, orjson.dumps(facts).decode(), local)
    try:
        yield
    finally:
        if not local:
            with suppress(Error):  # the session is gone, and what it knew with it
                _tell(database, "", local)


def _tell(database: Any, facts: str, local: bool) -> None:
    with database.wrap_database_errors, database.connection.cursor() as cursor:
        cursor.execute(_SET, [facts, local])
