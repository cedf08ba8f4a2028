"""Positions are given after commit, densely, by one step at a time per log (architecture section 4, traps 1-3, 53-55).

The counter's row is locked by a statement of its own: the numbering statement's snapshot then sees everything that an
earlier step did. A transaction that is still open is simply not there yet: it delays nobody and is numbered later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.events.models import LOG
from apps.events.partitions import PARTITION
from apps.operations.wakeups import DUES, WAKEUPS
from rustok.db.ids import new_id

STEP: Final = 5_000  # rows of one step; bounds the time that the counter is locked

_LOCK: Final = "SELECT position FROM events_counter WHERE name = %s FOR UPDATE SKIP LOCKED"
_WAIT: Final = "SELECT position FROM events_counter WHERE name = %s FOR UPDATE"
# Without the condition an INSERT could wait for the step that holds the row: its update may have moved the index entry.
_CREATE: Final = (
    "INSERT INTO events_counter (id, name) SELECT %s, %s"
    " WHERE NOT EXISTS (SELECT 1 FROM events_counter WHERE name = %s) ON CONFLICT (name) DO NOTHING"
)
# One statement: number, advance by what was really numbered, make the subscriptions that want these facts due, and
# delete exactly the wake-ups that were read before (unless more rows wait than one step takes). The join is by place
# (ctid) because its plan is good whatever the statistics say: with the counter locked nobody else moves these rows, and
# a trigger refuses to number one twice.
_NUMBER: Final = f"""
    WITH fresh AS MATERIALIZED (
        SELECT place, row_number() OVER (ORDER BY seq) AS n
        FROM (SELECT ctid AS place, seq FROM events_event WHERE position IS NULL ORDER BY seq LIMIT %(step)s) unnumbered
    ), numbered AS (
        UPDATE events_event e SET position = %(last)s + fresh.n FROM fresh WHERE e.ctid = fresh.place
        RETURNING e.stream, e.type, e.schema_version
    ), advanced AS (
        UPDATE events_counter SET position = position + (SELECT count(*) FROM numbered) WHERE name = %(log)s
    ), wanted AS (
        SELECT DISTINCT s.id, {PARTITION.format(stream="e.stream", partitions="s.partitions")} AS partition
        FROM numbered e JOIN events_subscription s
          ON s.status = 'active' AND (e.type || '.v' || e.schema_version) LIKE ANY (s.patterns)
    ), raised AS (
        INSERT INTO {DUES} AS due (id, tenant_id, subscription_id, partition, due_at, signal)
        SELECT gen_random_uuid(), %(tenant)s, id, partition, statement_timestamp(), 1 FROM wanted
        ON CONFLICT (tenant_id, subscription_id, partition) DO UPDATE SET
            signal = due.signal + 1,
            due_at = least(due.due_at, greatest(statement_timestamp(), due.not_before))
    ), cleared AS (
        DELETE FROM {WAKEUPS} WHERE id = ANY (%(wakeups)s::uuid[]) AND (SELECT count(*) FROM numbered) < %(step)s
    )
    SELECT count(*) FROM numbered
"""  # noqa: S608 - constants only


def number(*, tenant_id: UUID, wakeups: Sequence[UUID] = (), step: int = STEP) -> int | None:
    """Number up to `step` committed rows of the current scope's log and return how many.

    `wakeups` are the ids of this tenant's wake-ups that were read before the call; they are deleted in the same
    transaction when nothing is left to number. None: another sequencer is at work here; the wake-ups stay for whoever
    looks next. Costs a transaction of two statements.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        last = _lock(cursor)
        if last is None:
            return None
        cursor.execute(
            _NUMBER,
            {"step": step, "last": last, "log": LOG, "tenant": tenant_id, "wakeups": list(wakeups)},
        )
        return int(cursor.fetchone()[0])


def stand_still() -> int:
    """Wait for the step under way, let no other begin before the caller's transaction ends; returns the last position.

    For who begins to want facts: a step that began before does not know of him and makes nothing due for him, so his
    first turn must not come before its end. Costs one statement. Other locks of the relay come after this one.
    """
    with connection.cursor() as cursor:
        return _lock(cursor, _WAIT) or 0


def _lock(cursor: object, statement: str = _LOCK) -> int | None:
    """Lock the counter (created by the first who asks) and return the last position; None when it is locked."""
    execute, fetchone = cursor.execute, cursor.fetchone  # type: ignore[attr-defined] # Django's wrapper is untyped
    execute(statement, [LOG])
    row = fetchone()
    if row is None:
        execute(_CREATE, [new_id(), LOG, LOG])
        execute(statement, [LOG])
        row = fetchone()
    return None if row is None else int(row[0])
