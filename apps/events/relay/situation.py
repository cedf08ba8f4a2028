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
        (SELECT count(*) FROM events_parked p WHERE p.subscription_id = s.id AND p.partition = c.partition),
        EXISTS (SELECT 1 FROM events_parked p WHERE p.subscription_id = s.id AND p.partition = c.partition
                AND p.retry_at <= statement_timestamp())
        OR EXISTS (SELECT 1 FROM events_dead_letter d WHERE d.subscription_id = s.id AND d.partition = c.partition
                AND d.redrive)
    FROM events_subscription s JOIN events_cursor c ON c.subscription_id = s.id
    WHERE s.id = %(subscription)s AND c.partition = %(partition)s
"""
_FRESH: Final = f"""
    SELECT {COLUMNS} FROM events_event e
    WHERE e.position > %(cursor)s AND e.position <= %(until)s
      AND {WIRE_TYPE} LIKE ANY (%(patterns)s)
      AND {PARTITION.format(stream="e.stream", partitions="%(partitions)s")} = %(partition)s
      AND NOT EXISTS (SELECT 1 FROM events_parked p WHERE p.subscription_id = %(subscription)s AND p.stream = e.stream)
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
    parked: int
    has_retries: bool

    @property
    def is_active(self) -> bool:
        """Whether the relay serves it."""
        return self.status == SubscriptionStatus.ACTIVE

    @property
    def window_end(self) -> int:
        """The last position that one turn looks at."""
        return min(self.head, self.cursor + policy.WINDOW)


def look(lease: Lease) -> Situation | None:
    """The situation of the leased partition; None when the subscription is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SITUATION, {"log": LOG, "subscription": lease.subscription_id, "partition": lease.partition}
        )
        row = cursor.fetchone()
    return Situation(lease.subscription_id, lease.partition, *row) if row else None


def fresh_events(situation: Situation) -> list[StoredEvent]:
    """The next batch after the cursor, without those of parked streams (they wait for their stream's first event)."""
    if situation.cursor >= situation.head:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _FRESH,
            {
                "cursor": situation.cursor,
                "until": situation.window_end,
                "patterns": situation.patterns,
                "partitions": situation.partitions,
                "partition": situation.partition,
                "subscription": situation.subscription_id,
                "limit": policy.BATCH,
            },
        )
        return stored(cursor.fetchall())
