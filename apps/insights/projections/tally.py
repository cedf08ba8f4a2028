"""Adding up in memory what a batch of facts does to the rows of a table, then writing it in one statement.

How a column takes a change is said once and means the same in Python and in SQL, so that rows do not depend on how the
log was cut into batches: a rebuild makes the same rows as the live reading did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from apps.events.projections import Table
from rustok.db.ids import new_id


class Take(Enum):
    """How a column takes a change: added up, least, greatest, or of the fact with the greatest `position`."""

    SUM = "t.{c} + EXCLUDED.{c}"
    LEAST = "least(t.{c}, EXCLUDED.{c})"
    GREATEST = "greatest(t.{c}, EXCLUDED.{c})"
    LATEST = "CASE WHEN EXCLUDED.position >= t.position THEN EXCLUDED.{c} ELSE t.{c} END"


@dataclass(frozen=True)
class Shape:
    """A table's columns with their PostgreSQL types; with a LATEST column there is a column `position` (GREATEST)."""

    table: str
    key: Mapping[str, str]
    values: Mapping[str, tuple[str, Take]]

    @property
    def described(self) -> Table:
        """The same for the mechanism."""
        return Table(self.table, tuple(self.key), tuple(self.values))

    @cached_property
    def upsert(self) -> str:
        """The statement: columns as arrays, the build once."""
        types = {"id": "uuid"} | dict(self.key) | {name: kind for name, (kind, _take) in self.values.items()}
        columns = ", ".join(types)
        changes = ", ".join(f"{c} = {take.value.format(c=c)}" for c, (_kind, take) in self.values.items())
        arrays = ", ".join(f"%s::{kind}[]" for kind in types.values())
        return (
            f"INSERT INTO {self.table} AS t (build, {columns})"  # noqa: S608 - names of code
            f" SELECT %s, {columns} FROM unnest({arrays}) AS r ({columns})"
            f" ON CONFLICT (build, {', '.join(self.key)}) DO UPDATE SET {changes}"
        )


class Tally:
    """The changes of one batch to one table."""

    def __init__(self, shape: Shape) -> None:
        """Nothing changed yet."""
        self._shape = shape
        self._rows: dict[tuple[Any, ...], dict[str, Any]] = {}

    def add(self, *key: Any, **values: Any) -> None:
        """One fact's change to the row of this key; every column is given."""
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = values
            return
        is_latest = values.get("position", 0) >= row.get("position", 0)
        for name, (_kind, take) in self._shape.values.items():
            given = values[name]
            if take is Take.SUM:
                row[name] += given
            elif take is Take.LEAST:
                row[name] = min(row[name], given)
            elif take is Take.GREATEST:
                row[name] = max(row[name], given)
            elif is_latest:
                row[name] = given

    def write(self, build: UUID) -> None:
        """Add the changes to the build's rows; one statement, none without changes."""
        if not self._rows:
            return
        rows = sorted(self._rows.items())
        columns: list[list[Any]] = [[new_id() for _row in rows]]
        columns += [[key[place] for key, _row in rows] for place in range(len(self._shape.key))]
        columns += [[row[name] for _key, row in rows] for name in self._shape.values]
        with connection.cursor() as cursor:
            cursor.execute(self._shape.upsert, [build, *columns])
