"""The rows of a build as a value: taken, compared, restored. They travel as JSON.

`id` and `build` stay behind: they name the row, not what it says. Statements are made of names that stand in code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from apps.events.errors import StaleSnapshot

SAMPLES: Final = 5  # differing rows that a comparison shows
SWEEP: Final = 5_000  # rows of replaced builds that one statement deletes

_ROWS: Final = "SELECT (to_jsonb(t) - 'id' - 'build')::text FROM {table} t WHERE build = %s ORDER BY {key}"
_RESTORE: Final = """
    INSERT INTO {table} (id, build, {columns})
    SELECT gen_random_uuid(), %s, {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)
"""
_DIFFER: Final = """
    WITH live AS (SELECT {key}, to_jsonb(t) - 'id' - 'build' AS document FROM {table} t WHERE build = %(live)s),
    shadow AS (SELECT {key}, to_jsonb(t) - 'id' - 'build' AS document FROM {table} t WHERE build = %(shadow)s),
    pairs AS (
        SELECT live.document AS before, shadow.document AS after FROM live FULL JOIN shadow USING ({key})
    ), differing AS (SELECT * FROM pairs WHERE before IS DISTINCT FROM after)
    SELECT (SELECT count(*) FROM live), (SELECT count(*) FROM shadow),
        (SELECT count(*) FROM differing WHERE before IS NULL),
        (SELECT count(*) FROM differing WHERE after IS NULL),
        (SELECT count(*) FROM differing WHERE before IS NOT NULL AND after IS NOT NULL),
        (SELECT coalesce(jsonb_agg(jsonb_build_array(before, after)), '[]')::text
         FROM (SELECT * FROM differing LIMIT {samples}) few)
"""
_SWEEP: Final = """
    DELETE FROM {table} WHERE ctid = ANY (ARRAY (
        SELECT t.ctid FROM {table} t
        WHERE NOT EXISTS (SELECT 1 FROM events_subscription s WHERE s.id = t.build) LIMIT {most}
    ))
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows of a projection are: its name, the columns that identify a row inside a build, and the others."""

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def columns(self) -> str:
        """Every column that says something, for a statement."""
        return ", ".join((*self.key, *self.values))

    def fill(self, template: str, **more: object) -> str:
        """The statement for this table."""
        return template.format(table=self.name, key=", ".join(self.key), columns=self.columns, **more)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a build said: JSON documents per table, in the order of their keys."""

    projection: str
    version: int
    rows: dict[str, tuple[str, ...]]

    @property
    def digest(self) -> str:
        """SHA-256 over every row: equal for equal rows, whoever built them."""
        seal = hashlib.sha256()
        for table in sorted(self.rows):
            seal.update(table.encode() + b"\0" + b"\n".join(row.encode() for row in self.rows[table]) + b"\0")
        return seal.hexdigest()


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How two builds of one table differ. `samples` are pairs (live row or None, shadow row or None)."""

    table: str
    live: int
    shadow: int
    added: int
    missing: int
    changed: int
    samples: tuple[tuple[Any, Any], ...]

    @property
    def is_equal(self) -> bool:
        """Whether both say the same."""
        return not (self.added or self.missing or self.changed)


def take(name: str, version: int, tables: Iterable[Table], build: UUID) -> Snapshot:
    """The rows of a build."""
    return Snapshot(name, version, {t.name: tuple(r[0] for r in _run(t.fill(_ROWS), build)) for t in tables})


def restore(snapshot: Snapshot, *, name: str, version: int, tables: Sequence[Table], build: UUID) -> None:
    """Write a snapshot's rows under `build`; raises StaleSnapshot when it is another projection's or version's."""
    if (snapshot.projection, snapshot.version) != (name, version) or set(snapshot.rows) != {t.name for t in tables}:
        raise StaleSnapshot(projection=name, version=version, found=snapshot.version)
    for table in tables:
        documents = b"[" + b",".join(row.encode() for row in snapshot.rows[table.name]) + b"]"
        _run(table.fill(_RESTORE), build, documents.decode())


def compare(tables: Iterable[Table], *, live: UUID, shadow: UUID) -> tuple[TableDiff, ...]:
    """How a shadow differs from what readers see; one statement per table that reads both builds."""
    found = []
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(table.fill(_DIFFER, samples=SAMPLES), {"live": live, "shadow": shadow})
            of_live, of_shadow, added, missing, changed, samples = cursor.fetchone()
        pairs = tuple((before, after) for before, after in orjson.loads(samples))
        found.append(TableDiff(table.name, of_live, of_shadow, added, missing, changed, pairs))
    return tuple(found)


def sweep(tables: Iterable[Table]) -> int:
    """Delete up to SWEEP rows per table of builds that nobody feeds any more; how many it were."""
    count = 0
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(table.fill(_SWEEP, most=SWEEP))
            count += cursor.rowcount
    return count


def _run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []
