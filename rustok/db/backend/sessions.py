"""What is said to a PostgreSQL session about schemas, and what it answers. Takes psycopg connections, not Django's."""

from __future__ import annotations

import re
from functools import lru_cache
from select import POLLIN, poll
from typing import Any, Final

from psycopg import Error, sql
from psycopg.pq import ConnStatus

from rustok.context import PUBLIC_SCHEMA
from rustok.db.prepared import Known
from rustok.errors.families import TenantSchemaMissing

CLOSED_PATH: Final = "SET search_path = ''"
"""No schema at all: unqualified names find nothing but PostgreSQL's own."""

_BIND: Final = sql.SQL("SELECT set_config('search_path', %s, false), current_schema()")
_PLAIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@lru_cache(maxsize=65_536)
def search_path(schema: str) -> str:
    """The setting for a schema: itself, then the shared one. The name is checked, so that it needs no quoting."""
    if not _PLAIN_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise TenantSchemaMissing(schema=schema)
    return schema if schema == PUBLIC_SCHEMA else f"{schema}, {PUBLIC_SCHEMA}"


def bind_session(connection: Any, schema: str, path: str) -> None:
    """Set the path and check in the same round trip that the schema exists.

    Raises TenantSchemaMissing and leaves the path closed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BIND, [path])
        if cursor.fetchone()[1] != schema:
            cursor.execute(CLOSED_PATH)
            raise TenantSchemaMissing(schema=schema)


def introduce_session(connection: Any) -> None:
    """Close the path of a new session, and find out whether the server itself is at the other end.

    A pooler (PgBouncer and its like) gives its clients process ids of its own making. What is prepared in one of its
    sessions may be missing in the next, so such a connection keeps `known` at None.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"{CLOSED_PATH}; SELECT pg_backend_pid()")
        cursor.nextset()
        if cursor.fetchone()[0] == connection.info.backend_pid:
            connection.known = Known()


def reported_path(connection: Any) -> str | None:
    """What the server last reported as its search path; None before PostgreSQL 18, which does not report it."""
    value: bytes | None = connection.pgconn.parameter_status(b"search_path")
    return None if value is None else value.decode()


def is_gone(connection: Any) -> bool:
    """Whether the server has hung up on an idle session, seen from what has already arrived: no round trip.

    After a crash of PostgreSQL a pool is full of such sessions; each would fail one request.
    """
    pgconn = connection.pgconn
    watch = poll()
    watch.register(pgconn.socket, POLLIN)
    try:
        while watch.poll(0):
            pgconn.consume_input()  # a notice is swallowed; the end of the stream raises
    except Error:
        return True
    return bool(pgconn.status != ConnStatus.OK)


def reset_session(connection: Any) -> None:
    """Leave no trace of the tenant in a session that goes back to the pool."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSED_PATH)
    if not connection.autocommit:
        connection.commit()
