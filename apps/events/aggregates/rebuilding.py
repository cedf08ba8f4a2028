"""What can be made again from the log without touching a row of the business: snapshots.

Read models have a rebuild of their own (`apps.events.projections`). Rows of aggregates are not rewritten: they are what
was committed together with the events, guarded by the database, and a difference is for people to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from apps.events.aggregates.restoring import IncompleteStream, restore
from apps.events.aggregates.snapshots import count_stale, drop_stale, take_snapshot
from rustok.aggregates import Aggregate, aggregates

LONG: Final = 200
"""Events from which a snapshot pays: fewer are replayed in about three milliseconds."""

_LONG_STREAMS: Final = """
    SELECT e.stream FROM events_event e LEFT JOIN events_snapshot s ON s.stream = e.stream
    WHERE e.stream LIKE %s GROUP BY e.stream
    HAVING max(e.version) - coalesce(max(s.version), 0) >= %s
"""


@dataclass(slots=True)
class Rebuilt:
    """How many snapshots were dropped as stale, and how many were taken."""

    dropped: int = 0
    taken: int = 0


def rebuild_snapshots(*, platform: bool, dry_run: bool = False) -> Rebuilt:
    """Drop what no code of today can load, and keep the state of every stream that has grown by LONG since its last.

    Streams that retention has cut are left alone. One pass over the streams, and a replay of each long one.
    """
    done = Rebuilt()
    for kind in aggregates(platform=platform):
        done.dropped += count_stale(kind) if dry_run else drop_stale(kind)
        for stream in _long_streams(kind):
            done.taken += 1 if dry_run else _take(kind, stream)
    return done


def _long_streams(kind: Aggregate) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LONG_STREAMS, [f"{kind.name}-%", LONG])
        return [stream for (stream,) in cursor.fetchall()]


def _take(kind: Aggregate, stream: str) -> int:
    try:
        restored = restore(kind, stream)
    except IncompleteStream:
        return 0
    take_snapshot(kind, stream, restored.state, restored.version)
    return 1
