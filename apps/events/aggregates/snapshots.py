"""States kept beside the log, so that a long stream need not be replayed: state, version, and the hash of its meaning.

A snapshot is a cache. One whose hash is not that of the code that reads it is never loaded (trap 14); a missing one
costs a replay. Nothing else depends on it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import orjson
from django.db import connection

from rustok.aggregates import Aggregate, schema_hash
from rustok.db.ids import new_id
from rustok.plain import object_reader

_LOAD: Final = """
    SELECT state::text, version FROM events_snapshot
    WHERE stream = %s AND schema_hash = %s AND (%s::int IS NULL OR version <= %s)
"""
# A later state is never replaced by an earlier one of the same meaning: two takers may overtake each other.
_KEEP: Final = """
    INSERT INTO events_snapshot (id, stream, version, position, schema_hash, state)
    VALUES (%s, %s, %s, (SELECT position FROM events_event WHERE stream = %s AND version = %s), %s, %s::jsonb)
    ON CONFLICT (stream) DO UPDATE SET
        version = excluded.version, position = excluded.position, schema_hash = excluded.schema_hash,
        state = excluded.state, taken_at = statement_timestamp()
    WHERE events_snapshot.version <= excluded.version OR events_snapshot.schema_hash <> excluded.schema_hash
"""
_STALE: Final = "FROM events_snapshot WHERE stream LIKE %s AND schema_hash <> %s"


@cache
def _hash(kind: Aggregate) -> str:
    return schema_hash(kind)


def load(kind: Aggregate, stream: str, *, until: int | None) -> tuple[Any, int]:
    """The kept state and its version, when it is of today's meaning and not later than `until`; (None, 0) otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [stream, _hash(kind), until, until])
        row = cursor.fetchone()
    return (None, 0) if row is None else (object_reader(kind.state)(orjson.loads(row[0])), int(row[1]))


def take_snapshot(kind: Aggregate, stream: str, state: Any, version: int) -> None:
    """Keep a state that `restore` gave, in place of an older one. One statement."""
    text = orjson.dumps(state, option=orjson.OPT_NON_STR_KEYS).decode()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [new_id(), stream, version, stream, version, _hash(kind), text])


def drop_stale(kind: Aggregate) -> int:
    """Delete the kind's snapshots of another meaning than today's; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE {_STALE}", [f"{kind.name}-%", _hash(kind)])
        return int(cursor.rowcount)


def count_stale(kind: Aggregate) -> int:
    """How many `drop_stale` would delete."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_STALE}", [f"{kind.name}-%", _hash(kind)])
        return int(cursor.fetchone()[0])
