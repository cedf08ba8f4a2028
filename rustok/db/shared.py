"""Reading the shared schema where no scope can exist yet: the look-up that decides which scope a request gets.

Statements name their tables with the schema (`public.tenants_tenant`), so that the session's path does not matter and
need not be changed. Everything else opens a scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

if TYPE_CHECKING:
    from rustok.db.backend.base import DatabaseWrapper


def shared_rows(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one SELECT over schema-qualified tables and return its rows; one round trip, whatever scope is active."""
    database = cast("DatabaseWrapper", connection)
    with database.scope_free(), database.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
