"""What a turn finds when it looks at its partition. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from apps.events.models import LOG, SubscriptionStatus
from apps.events.partitions import PARTITION
from apps.events.records import COLUMNS, WIRE_TYPE, StoredEvent, stored
from apps.events.relay import policy
from apps.operations.wakeups import Lease

_SITUATION: Final = """
    SELECT s.name, s.transport, s.target, s.patterns, s.partitions, s.status, c.position,
        coalesce((SELECT position FROM events_counter WHERE name = %(log)s), 0),
        ARRAY (SELECT p.stream FROM events_parked p WHERE p.subscription_id = s.id AND p.partition = c.partition),
        EXISTS (SELECT 1 FROM events_parked p WHERE p.subscription_id = s.id AND p.partition = c.partition
                AND p.retry_at <= statement_timestamp())
        OR EXISTS (SELECT 1 FROM events_dead_letter d WHERE d.subscription_id = s.id AND d.partition = c.partition
                AND d.redrive AND coalesce(d.redrive_at, '-infinity') <= statement_timestamp()),
        EXISTS (SELECT 1 FROM events_dead_letter d WHERE d.subscription_id = s.id AND d.partition = c.partition
                AND d.redrive)
    FROM events_subscription s JOIN events_cursor c ON c.subscription_id = s.id
    WHERE s.id = %(subscription)s AND c.partition = %(partition)s
"""
_FRESH: Final = f"""
    SELECT {COLUMNS} FROM events_event e
    WHERE e.position > %(cursor)s AND e.position <= %(until)s
      AND {WIRE_TYPE} LIKE ANY (%(patterns)s)
      AND {PARTITION.format(stream="e.stream", partitions="%(partitions)s")} = %(partition)s
      AND e.stream <> ALL (%(parked)s::text[])
    ORDER BY e.position LIMIT %(limit)s
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Situation:
    """One partition of one subscription: where its cursor stands, where the log ends, who is parked."""

    subscription_id: UUID
    partition: int
    name: str
    transport: str
    target: str
    patterns: list[str]
    partitions: int
    status: str
    cursor: int
    head: int
    parked: list[str]
    has_retries: bool
    has_redrives: bool

    @property
    def is_active(self) -> bool:
        """Whether the relay serves it."""
        return self.status == SubscriptionStatus.ACTIVE


def look(lease: Lease) -> Situation | None:
    """The situation of the leased partition; None when the subscription is gone."""
    with connection.cursor() as cursor:
        cursor.execute(_SITUATION, {"log": LOG, "subscription": lease.subscription_id, "partition": lease.partition})
        row = cursor.fetchone()
    return Situation(lease.subscription_id, lease.partition, *row) if row else None


def fresh_events(situation: Situation, *, limit: int) -> tuple[list[StoredEvent], int]:
    """The next `limit` events after the cursor, and the position up to which it is complete.

    Without those of parked streams: they wait for their stream's first event. Positions are dense, so a window of them
    bounds the rows read whatever the planner believes; it grows while nothing in it passes the filter.
    """
    # A third more than the partition's share on average, because hashing is uneven and a batch should be full.
    parts = situation.partitions
    start, width = situation.cursor, limit if parts == 1 else limit * parts * 4 // 3
    while start < situation.head:
        end = min(situation.head, start + width)
        events = _window(situation, start, end, limit)
        if len(events) == limit:
            return events, events[-1].position
        if events or width >= policy.WINDOW:
            return events, end
        start, width = end, width * 4
    return [], situation.head


def _window(situation: Situation, start: int, end: int, limit: int) -> list[StoredEvent]:
    with connection.cursor() as cursor:
        cursor.execute(
            _FRESH,
            {
                "cursor": start,
                "until": end,
                "patterns": situation.patterns,
                "partitions": situation.partitions,
                "partition": situation.partition,
                "parked": situation.parked,
                "limit": limit,
            },
        )
        return stored(cursor.fetchall())
