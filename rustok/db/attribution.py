"""Tables under capture, and who is writing to them.

Each app names its audited tables when it starts (`capture`); triggers note every change of their rows, bulk and raw
ones too. Before a statement that may write to one, the database session learns the actor, for the transaction or that
statement alone: one round trip more. Every other statement costs a look into a table of known texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from django.db.utils import Error

from rustok.context import current

SETTING: Final = "rustok.actor"
_SET: Final = "SELECT set_config('rustok.actor', %s, %s)"
_LONGEST: Final = 4_000  # characters of a statement that is worth remembering; longer ones are bulk writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What the audit log keeps of a table's changes; the trigger is made by a migration (`chain.capture.audited`).

    `masked` columns are noted as changed without their values (secrets; binary columns are masked in any case),
    `ignored` ones are not noted, values of `personal` ones are sealed under the key of the person `<subject>:<row id>`.
    With `columns`, updates count only when a statement changes one of them, and not when `unless` holds (SQL over OLD
    and NEW): for tables that hot paths write to.
    """

    table: str
    masked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    subject: str = ""
    columns: tuple[str, ...] = ()
    unless: str = ""


_tables: dict[str, Captured] = {}
_pattern: re.Pattern[str] | None = None


def capture(*tables: Captured) -> None:
    """Put tables under capture. Called when apps start; naming a table again replaces what was said."""
    global _pattern  # noqa: PLW0603 - compiled once per registration, read by every statement
    _tables.update({table.table: table for table in tables})
    plain = [re.escape(name) for name, table in sorted(_tables.items()) if not table.columns]
    some = [_setting(table) for _name, table in sorted(_tables.items()) if table.columns]
    _pattern = re.compile(
        "|".join(([rf"\b(?:{'|'.join(plain)})\b"] if plain else []) + some), re.DOTALL | re.IGNORECASE
    )
    _may_write.cache_clear()


def captured() -> tuple[Captured, ...]:
    """Every table under capture, by name."""
    return tuple(_tables[name] for name in sorted(_tables))


def _setting(table: Captured) -> str:
    """Matches what gives a value to one of the columns, adds a row or removes one."""
    name, columns = re.escape(table.table), "|".join(map(re.escape, table.columns))
    whole = rf'(?:INTO|FROM|TRUNCATE)\s+(?:"?\w+"?\.)?"?{name}"?\s*(?:$|\(|WHERE|AS\b|SELECT|VALUES)'
    return rf'\b{name}\b.*\b(?:{columns})"?\s*=|{whole}'


def concerns(statement: object) -> bool:
    """Whether the statement may write to such a table."""
    text = statement if isinstance(statement, str) else str(statement)
    if text.lstrip().startswith("SELECT"):
        return False
    return _may_write(text) if len(text) < _LONGEST else _searched(text)


def _searched(text: str) -> bool:
    return _pattern is not None and _pattern.search(text) is not None


_may_write: Final = lru_cache(maxsize=2_048)(_searched)


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
