"""Reading the current log, and how far its readers are. Each function is one statement unless it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.events.models import DeadLetter, Event
from apps.events.patterns import like_patterns
from apps.events.records import COLUMNS, WIRE_TYPE, StoredEvent, stored

_AFTER: Final = f"""
    SELECT {COLUMNS} FROM events_event e
    WHERE e.position > %s AND (%s::text IS NULL OR e.stream = %s) AND {WIRE_TYPE} LIKE ANY (%s)
    ORDER BY e.position LIMIT %s
"""  # noqa: S608 - column names are constants
# A subscription lags by the oldest event behind its slowest cursor; ages are seconds of the database clock.
_LAGS: Final = """
    SELECT s.id, s.name, s.status,
        COALESCE(sum(behind.waiting), 0)::bigint,
        COALESCE(EXTRACT(EPOCH FROM statement_timestamp() - min(behind.oldest)), 0)::float8,
        (SELECT count(*) FROM events_parked p WHERE p.subscription_id = s.id),
        (SELECT count(*) FROM events_dead_letter d WHERE d.subscription_id = s.id)
    FROM events_subscription s
    LEFT JOIN LATERAL (
        SELECT min(c.position) AS position FROM events_cursor c WHERE c.subscription_id = s.id
    ) slowest ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS waiting, min(e.recorded_at) AS oldest FROM (
            SELECT recorded_at FROM events_event e
            WHERE e.position > slowest.position AND (e.type || '.v' || e.schema_version) LIKE ANY (s.patterns)
            ORDER BY e.position LIMIT 10000
        ) e
    ) behind ON true
    GROUP BY s.id, s.name, s.status ORDER BY s.name
"""
_UNNUMBERED: Final = """
    SELECT count(*), COALESCE(EXTRACT(EPOCH FROM statement_timestamp() - min(recorded_at)), 0)::float8
    FROM (SELECT recorded_at FROM events_event WHERE position IS NULL ORDER BY seq LIMIT 10000) waiting
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one subscription is behind: events (counted up to 10,000), age of the oldest in seconds, parked, dead."""

    subscription_id: UUID
    name: str
    status: str
    waiting: int
    seconds: float
    parked: int
    dead: int


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """Committed events without a position: how many (up to 10,000) and the age of the oldest in seconds."""

    count: int
    seconds: float


def events_after(
    position: int, *, limit: int, stream: str | None = None, event_types: Sequence[str] = ()
) -> list[StoredEvent]:
    """Numbered events behind a position, in order. An index range scan; `limit` bounds the cost."""
    with connection.cursor() as cursor:
        cursor.execute(_AFTER, [position, stream, stream, like_patterns(event_types), limit])
        return stored(cursor.fetchall())


def events() -> QuerySet[Event]:
    """Every event of the log, newest first."""
    return Event.objects.order_by("-seq")


def dead_letters() -> QuerySet[DeadLetter]:
    """Events that some subscription could not take, newest first."""
    return DeadLetter.objects.select_related("subscription").order_by("-id")


def lags() -> list[Lag]:
    """How far each subscription of the log is behind."""
    return [Lag(*row) for row in _rows(_LAGS)]


def unnumbered() -> Unnumbered:
    """What the numbering has not seen yet. An index scan over the partial index."""
    return Unnumbered(*_rows(_UNNUMBERED)[0])


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[Any] = cursor.fetchall()
    return rows
