"""One schema as a list of SQL statements that make an equal one: same names, same definitions, same rows.

Made for schemas that Django migrations create. What it does not know (policies, enums, partitions …) it refuses by
name instead of leaving it out.
"""

from __future__ import annotations

import re
from typing import Final

from django.db import connection
from psycopg import sql

from apps.lifecycle.schemas import catalog

_BEFORE_ROWS: Final = (catalog.FUNCTIONS, catalog.STANDALONE_SEQUENCES, catalog.TABLES, catalog.SEQUENCE_OWNERS)
_AFTER_ROWS: Final = (
    catalog.SEQUENCE_VALUES,
    catalog.INDEXES,
    catalog.FOREIGN_KEYS,
    catalog.VIEWS,
    catalog.TRIGGERS,
    catalog.TRIGGER_MODES,
)
_ROWS: Final = """
    SELECT string_agg('(' || concat_ws(', ', {quoted}) || ')', ', ' ORDER BY {table}::text) FROM {schema}.{table}
"""
_ELEMENT: Final = re.compile(r"'(?:[^']|'')*'::character varying")
_ARRAY_CAST: Final = re.compile(rf"\(ARRAY\[((?:{_ELEMENT.pattern}(?:, )?)+)\]\)::text\[\]")


class UnsupportedSchema(RuntimeError):
    """The schema holds kinds of objects that the dump does not know; its text lists them."""


def dump_schema(schema: str) -> list[str]:
    """The statements, in an order in which they run. Needs a platform scope; raises UnsupportedSchema."""
    strange = catalog.read(catalog.UNSUPPORTED, schema)
    if strange:
        raise UnsupportedSchema("; ".join(strange))
    statements = [f"CREATE SCHEMA {schema}"]
    for query in _BEFORE_ROWS:
        statements += catalog.read(query, schema)
    statements += _rows(schema)
    for query in _AFTER_ROWS:
        statements += catalog.read(query, schema)
    return statements


def renamed(statements: list[str], old: str, new: str) -> str:
    """The script for another schema. `old` must be a name that occurs nowhere else, as template names are."""
    return ";\n".join(statements).replace(old, new)


def canonical(script: str) -> str:
    """The script with the one spelling that PostgreSQL changes when it reads its own text: casts of text arrays.

    `x IN ('a', 'b')` over varchar is printed as one cast of the array first, as a cast of each element ever after
    (`pg_dump` and restore do the same); both mean the same.
    """
    return _ARRAY_CAST.sub(lambda found: f"ARRAY[{_ELEMENT.sub(_cast_element, found[1])}]", script)


def _cast_element(found: re.Match[str]) -> str:
    return f"({found[0]})::text"


def _rows(schema: str) -> list[str]:
    inserts: list[str] = []
    with connection.cursor() as cursor:
        for table, columns, quoted in catalog.read(catalog.FILLED_TABLES, schema):
            query = sql.SQL(_ROWS).format(
                quoted=sql.SQL(quoted), schema=sql.Identifier(schema), table=sql.Identifier(table)
            )
            cursor.execute(query)
            values = cursor.fetchone()[0]
            if values is not None:
                target = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(table)).as_string(None)
                inserts.append(f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE VALUES {values}")  # noqa: S608 - quoted by PostgreSQL
    return inserts
