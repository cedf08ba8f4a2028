"""Reading the log and the state of its readers, in the scope of the log. Costs are stated per function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.events.logs import log_id
from apps.events.models import FLOOR, LOG, DeadLetter, Event
from apps.events.partitions import PARTITION
from apps.events.patterns import like_patterns
from apps.events.records import COLUMNS, WIRE_TYPE, StoredEvent, stored
from apps.operations.wakeups import DUES

SEARCHED: Final = 10_000  # newest facts that a search by request or trace looks through
COUNTED: Final = 10_000  # waiting events of one partition are counted up to this
LOOKED: Final = 40_000  # positions behind a cursor that are looked through for them

_AFTER: Final = f"""
    SELECT {COLUMNS} FROM events_event e
    WHERE e.position > %(after)s AND {WIRE_TYPE} LIKE ANY (%(patterns)s)
      AND (%(stream)s::text IS NULL OR e.stream = %(stream)s)
    ORDER BY e.position LIMIT %(limit)s
"""  # noqa: S608 - constants only
_STREAM: Final = f"""
    SELECT {COLUMNS} FROM events_event e WHERE e.stream = %(stream)s AND e.position IS NOT NULL
    ORDER BY e.version LIMIT %(limit)s
"""  # noqa: S608 - constants only
_TOLD: Final = f"""
    SELECT {COLUMNS} FROM (
        SELECT * FROM events_event WHERE position IS NOT NULL ORDER BY position DESC LIMIT %(searched)s
    ) e
    WHERE e.metadata->>'correlation' = ANY (%(ids)s) OR split_part(e.metadata->>'traceparent', '-', 2) = ANY (%(ids)s)
    ORDER BY e.position LIMIT %(limit)s
"""  # noqa: S608 - constants only
_MATCHES: Final = f"""{WIRE_TYPE} LIKE ANY (s.patterns)
    AND {PARTITION.format(stream="e.stream", partitions="s.partitions")} = c.partition"""
# Partitions that are not due have delivered everything; only those of a paused subscription wait without being due.
_STATES: Final = f"""
    SELECT s.id, s.name, s.transport, s.target, s.status, min(c.position), sum(fresh.waiting + held.waiting),
        (SELECT count(*) FROM events_event e WHERE e.position IS NULL AND {WIRE_TYPE} LIKE ANY (s.patterns)),
        extract(epoch FROM statement_timestamp() - least(min(fresh.oldest), min(held.oldest)))::float8,
        sum(held.keys), (SELECT count(*) FROM events_dead_letter l WHERE l.subscription_id = s.id),
        max(d.not_before) FILTER (WHERE d.not_before > statement_timestamp())
    FROM events_subscription s
    JOIN events_cursor c ON c.subscription_id = s.id
    LEFT JOIN {DUES} d ON d.tenant_id = %(log)s AND d.subscription_id = s.id AND d.partition = c.partition
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting, min(behind.recorded_at) AS oldest FROM (
            SELECT e.recorded_at FROM events_event e
            WHERE (d.due_at IS NOT NULL OR s.status <> 'active')
              AND e.position > c.position AND e.position <= c.position + %(looked)s AND {_MATCHES}
              AND NOT EXISTS (SELECT 1 FROM events_parked p WHERE p.subscription_id = s.id AND p.stream = e.stream)
            ORDER BY e.position LIMIT {COUNTED}
        ) behind
    ) fresh
    CROSS JOIN LATERAL (
        SELECT count(e.id) AS waiting, min(e.recorded_at) AS oldest, count(DISTINCT p.id) AS keys
        FROM events_parked p LEFT JOIN events_event e
          ON e.stream = p.stream AND e.position >= p.position AND {WIRE_TYPE} LIKE ANY (s.patterns)
        WHERE p.subscription_id = s.id AND p.partition = c.partition
    ) held
    WHERE %(target)s::text IS NULL OR s.target = %(target)s
    GROUP BY s.id ORDER BY s.name
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """How one reader of the log is doing.

    `waiting` counts events that it still has to take: behind its cursors (up to COUNTED each, among the next LOOKED
    positions), held back by parked streams, and without a position yet. `oldest_seconds` is the age of the oldest of
    those with a position.
    """

    id: UUID
    name: str
    transport: str
    target: str
    status: str
    cursor: int
    waiting: int
    oldest_seconds: float
    parked: int
    dead: int
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one log: rows without a position, deliveries to make, and the age of the oldest in seconds."""

    unnumbered: int
    waiting: int
    oldest_seconds: float


def subscription_states(*, target: str | None = None) -> list[SubscriptionState]:
    """Every subscription of the log (to a target, if named), by name.

    One statement; bounded index ranges over what waits, nothing else.
    """
    states = []
    facts = {"log": log_id(), "looked": LOOKED, "target": target}
    for *known, passed, unnumbered, oldest, parked, dead, paused in _rows(_STATES, facts):
        subscription_id, name, transport, target, status, cursor = known
        states.append(
            SubscriptionState(
                id=subscription_id,
                name=name,
                transport=transport,
                target=target,
                status=status,
                cursor=cursor,
                waiting=int(passed) + int(unnumbered),
                oldest_seconds=max(0.0, oldest or 0.0),
                parked=int(parked),
                dead=dead,
                paused_until=paused,
            )
        )
    return states


def backlog() -> Backlog:
    """The log's backlog over all its subscriptions. Two statements over what waits."""
    states = subscription_states()
    ((unnumbered, oldest),) = _rows(
        "SELECT count(*), extract(epoch FROM statement_timestamp() - min(recorded_at))::float8"
        " FROM events_event WHERE position IS NULL",
        {},
    )
    ages = [state.oldest_seconds for state in states] + [max(0.0, oldest or 0.0)]
    return Backlog(int(unnumbered), sum(state.waiting for state in states), max(ages))


def waiting_by_target(transport: str, *, target: str | None = None) -> dict[str, int]:
    """How many events each target of a transport (or the one named) has to take. Costs as `subscription_states`."""
    states = subscription_states(target=target)
    return {state.target: state.waiting for state in states if state.transport == transport}


def dead_letters(
    *, subscription: str | None = None, event_type: str | None = None, ids: Sequence[UUID] | None = None
) -> QuerySet[DeadLetter]:
    """Dead letters of the log, oldest position first, narrowed by what is given (`event_type` is a wire type)."""
    letters = DeadLetter.objects.select_related("subscription").order_by("position")
    if subscription is not None:
        letters = letters.filter(subscription__name=subscription)
    if event_type is not None:
        letters = letters.filter(type=event_type)
    return letters if ids is None else letters.filter(pk__in=ids)


def dead_letter_count() -> int:
    """How many events were given up in this log. One count over a small table."""
    return DeadLetter.objects.count()


def head() -> int:
    """The last position given; 0 for an empty log. One row by index."""
    rows = _rows("SELECT position FROM events_counter WHERE name = %(log)s", {"log": LOG})
    return int(rows[0][0]) if rows else 0


def floor() -> int:
    """The position up to which retention may have removed events; 0 when it never has. One row by index."""
    rows = _rows("SELECT position FROM events_counter WHERE name = %(floor)s", {"floor": FLOOR})
    return int(rows[0][0]) if rows else 0


def position_before(moment: datetime) -> int:
    """The position after which everything was recorded at or after `moment`; 0 when everything was.

    Positions follow commits, so a few older events may come after it, no younger one before it. Scans the log.
    """
    rows = _rows("SELECT min(position) - 1 FROM events_event WHERE recorded_at >= %(moment)s", {"moment": moment})
    return head() if rows[0][0] is None else int(rows[0][0])


def events_after(
    position: int, *, limit: int, event_types: Sequence[str] = (), stream: str | None = None
) -> list[StoredEvent]:
    """The next numbered events after a position, in order. One index range, longer when the filter lets little through.

    Raises UnreadableFilter.
    """
    parameters = {"after": position, "patterns": like_patterns(event_types), "stream": stream, "limit": limit}
    return stored(_rows(_AFTER, parameters))


def find_event(event_id: UUID) -> StoredEvent | None:
    """One numbered event by its id, or None."""
    rows = _rows(
        f"SELECT {COLUMNS} FROM events_event e WHERE e.id = %(id)s AND e.position IS NOT NULL",  # noqa: S608 - constant
        {"id": event_id},
    )
    return stored(rows)[0] if rows else None


def events_of_stream(stream: str, *, limit: int) -> list[StoredEvent]:
    """The first numbered facts of one stream, in order. One range of an index."""
    return stored(_rows(_STREAM, {"stream": stream, "limit": limit}))


def events_told_with(ids: Sequence[str], *, limit: int) -> list[StoredEvent]:
    """Facts that were recorded for a request, or inside a trace, of one of these ids: among the newest `SEARCHED`.

    One statement that reads so many rows backwards; a log keeps no index for it, because every append would pay.
    """
    return stored(_rows(_TOLD, {"ids": list(ids), "limit": limit, "searched": SEARCHED})) if ids else []


def events() -> QuerySet[Event]:
    """The log as rows, for lists that filter and search; newest first."""
    return Event.objects.order_by("-id")


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
