"""Letting go of old events: only what everybody has, and never what somebody still has to get (trap 7).

The log is also the history that streams are restored from, so nothing is pruned unless the installation asks for it.
An event goes when it is older than asked, when every subscription (a paused one, too) has passed it, and
unless its stream is parked at it or before it, it is a dead letter, or it is the last of its stream (the next version
is counted from it). Positions are not reused: up to the *floor* the log may have holes, behind it it is dense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from apps.events.logs import log_id
from apps.events.models import FLOOR, LOG
from apps.operations.wakeups import DUES
from rustok.db.ids import new_id

CHUNK: Final = 5_000  # positions of one transaction

_CREATE: Final = "INSERT INTO events_counter (id, name) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING"
_LOCK: Final = "SELECT position FROM events_counter WHERE name = %s FOR UPDATE"
_ALLOW: Final = "SELECT set_config('rustok.retention', 'on', true)"
# A partition of an active subscription that is not due has delivered everything, wherever its cursor was left.
_BEHIND: Final = f"""
    events_cursor c JOIN events_subscription s ON s.id = c.subscription_id
    LEFT JOIN {DUES} d ON d.tenant_id = %(tenant)s AND d.subscription_id = s.id AND d.partition = c.partition
    WHERE (s.status <> 'active' OR d.id IS NULL OR d.due_at IS NOT NULL OR d.lease_until IS NOT NULL)
"""
# A cursor moves in the transaction that parks and buries, so whatever this snapshot of the cursors misses is younger
# than the bound.
_BOUND: Final = f"""
    SELECT least(
        %(floor)s + %(chunk)s,
        coalesce((SELECT position FROM events_counter WHERE name = %(log)s), 0),
        (SELECT min(c.position) FROM {_BEHIND}),
        (SELECT min(position) - 1 FROM events_event
         WHERE position > %(floor)s AND position <= %(floor)s + %(chunk)s
           AND recorded_at >= statement_timestamp() - make_interval(days => %(days)s))
    )
"""  # noqa: S608 - constants only
_DELETE: Final = """
    WITH gone AS (
        DELETE FROM events_event e
        WHERE e.position > %(floor)s AND e.position <= %(bound)s
          AND NOT EXISTS (SELECT 1 FROM events_parked p WHERE p.stream = e.stream AND p.position <= e.position)
          AND NOT EXISTS (SELECT 1 FROM events_dead_letter l WHERE l.event_id = e.id)
          AND EXISTS (SELECT 1 FROM events_event later WHERE later.stream = e.stream AND later.version > e.version)
        RETURNING 1
    ), raised AS (
        UPDATE events_counter SET position = %(bound)s WHERE name = %(name)s
    ) SELECT count(*) FROM gone
"""
_HOLDER: Final = f"""
    SELECT s.name FROM {_BEHIND} AND c.position <= %(floor)s ORDER BY c.position LIMIT 1
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a run removed, up to where the log may have holes now, and which subscription kept it from going on."""

    events: int
    floor: int
    held_by: str


def prune(*, days: int, chunks: int = 200, dry_run: bool = False) -> Pruned:
    """Remove events older than `days` from the current log, at most `chunks` times 5,000 positions.

    Each chunk is a transaction of its own, so an interrupted run has done a part. A dry run does the same in one
    transaction and rolls it back. Raises ValueError below one day.
    """
    if days < 1:
        raise ValueError("events are kept for a day at least")
    if not dry_run:
        return _prune(days, chunks)
    with transaction.atomic():
        would = _prune(days, chunks)
        transaction.set_rollback(True)
    return would


def _prune(days: int, chunks: int) -> Pruned:
    total, floor = 0, 0
    for _chunk in range(chunks):
        removed, floor, moved = _prune_chunk(days)
        total += removed
        if not moved:
            break
    with connection.cursor() as cursor:
        cursor.execute(_HOLDER, {"tenant": log_id(), "floor": floor})
        holder = cursor.fetchone()
    return Pruned(total, floor, holder[0] if holder else "")


def _prune_chunk(days: int) -> tuple[int, int, bool]:
    """Events removed, the floor, and whether it moved."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CREATE, [new_id(), FLOOR])
        cursor.execute(_LOCK, [FLOOR])
        facts = {"name": FLOOR, "log": LOG, "floor": cursor.fetchone()[0], "chunk": CHUNK, "days": days}
        facts["tenant"] = log_id()
        cursor.execute(_BOUND, facts)
        bound = cursor.fetchone()[0]
        if bound <= facts["floor"]:
            return 0, facts["floor"], False
        cursor.execute(_ALLOW)
        cursor.execute(_DELETE, facts | {"bound": bound})
        return int(cursor.fetchone()[0]), bound, True
