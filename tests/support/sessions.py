"""What a database session believes."""

from __future__ import annotations

from typing import Any

from django.db import connection


def seen_schema(cursor: Any = None) -> str:
    """The schema that an unqualified name is looked up in, asked through Django's cursor."""
    if cursor is not None:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])
    with connection.cursor() as fresh:
        return seen_schema(fresh)
