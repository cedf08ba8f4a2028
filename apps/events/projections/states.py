"""How far every projection of the current log is, and where its rows are. Reads only; costs are stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Subquery

from apps.events.logs import log_id
from apps.events.models import LOG, Subscription
from apps.events.projections import TRANSPORT, live_name, projections, shadow_name, target_of
from apps.events.records import WIRE_TYPE
from apps.operations.wakeups import DUES

# What waits for a build: the first event behind the cursor (none while nothing is due: then all was delivered), the
# first one that has no position yet, and the first of a parked stream.
_BUILDS: Final = f"""
    SELECT s.name, s.id, s.target, s.created_at, c.position, head.position, d.due_at IS NULL AND s.status = 'active',
        parked.first, parked.keys, (SELECT count(*) FROM events_dead_letter l WHERE l.subscription_id = s.id),
        extract(epoch FROM statement_timestamp() - least(behind.recorded_at, unnumbered.recorded_at, held.recorded_at))
            ::float8
    FROM events_subscription s
    JOIN events_cursor c ON c.subscription_id = s.id
    LEFT JOIN {DUES} d ON d.tenant_id = %(log)s AND d.subscription_id = s.id AND d.partition = c.partition
    CROSS JOIN LATERAL (SELECT coalesce(max(position), 0) AS position FROM events_counter WHERE name = '{LOG}') head
    CROSS JOIN LATERAL (
        SELECT min(p.position) AS first, count(*) AS keys FROM events_parked p WHERE p.subscription_id = s.id
    ) parked
    LEFT JOIN LATERAL (
        SELECT e.recorded_at FROM events_event e
        WHERE (d.due_at IS NOT NULL OR s.status <> 'active') AND e.position > c.position
          AND {WIRE_TYPE} LIKE ANY (s.patterns) ORDER BY e.position LIMIT 1
    ) behind ON true
    LEFT JOIN LATERAL (
        SELECT e.recorded_at FROM events_event e
        WHERE e.position IS NULL AND {WIRE_TYPE} LIKE ANY (s.patterns) ORDER BY e.seq LIMIT 1
    ) unnumbered ON true
    LEFT JOIN events_event held ON held.position = parked.first
    WHERE s.transport = '{TRANSPORT}' AND s.name = ANY (%(names)s)
"""  # noqa: S608 - constants only
_CHECKPOINT: Final = """
    SELECT s.id::text, c.position, (SELECT count(*) FROM events_parked p WHERE p.subscription_id = s.id),
        (SELECT count(*) FROM events_dead_letter l WHERE l.subscription_id = s.id)
    FROM events_subscription s JOIN events_cursor c ON c.subscription_id = s.id WHERE s.name = %s
"""


@dataclass(frozen=True, slots=True)
class Build:
    """One set of rows. `reached` is how far its reading is; up to `position` nothing is missing.

    `lag_seconds` is the age of the oldest fact that is not counted yet; `parked` streams wait for another try, `dead`
    facts were given up: with those the rows are wrong until somebody redrives them or rebuilds.
    """

    id: UUID
    target: str
    started_at: datetime
    reached: int
    position: int
    head: int
    lag_seconds: float
    parked: int
    dead: int

    @property
    def behind(self) -> int:
        """How many positions of the log are not looked through."""
        return max(0, self.head - self.position)


@dataclass(frozen=True, slots=True)
class ProjectionState:
    """A projection of the current log. `live` is None before the log's first event has been numbered."""

    name: str
    version: int
    target: str
    live: Build | None
    shadow: Build | None

    @property
    def is_outdated(self) -> bool:
        """Whether the code makes other rows than those that readers see: it is not fed until it is rebuilt."""
        return self.live is not None and self.live.target != self.target

    @property
    def lag_seconds(self) -> float:
        """The live build's lag; 0 where nothing was ever recorded."""
        return self.live.lag_seconds if self.live else 0.0


def projection_states() -> list[ProjectionState]:
    """Every registered projection, by name. One statement over what waits."""
    builds = _builds([name for p in projections() for name in (live_name(p.name), shadow_name(p.name))])
    return [
        ProjectionState(
            name=p.name,
            version=p.version,
            target=target_of(p),
            live=builds.get(live_name(p.name)),
            shadow=builds.get(shadow_name(p.name)),
        )
        for p in projections()
    ]


def live_builds(names: Sequence[str]) -> dict[str, Build]:
    """The live builds of these projections, by name. One statement over what waits."""
    builds = _builds([live_name(name) for name in names])
    return {name: builds[live_name(name)] for name in names if live_name(name) in builds}


def live_build(name: str) -> Subquery:
    """The build that readers see, for `filter(build=live_build("…"))`: part of their own statement.

    A statement sees one build from its beginning to its end, even when a swap commits meanwhile. Never read the id
    first and the rows later: they may be gone by then.
    """
    return Subquery(Subscription.objects.filter(name=live_name(name)).values("pk")[:1])


def checkpoint(name: str) -> tuple[Any, ...] | None:
    """What changes whenever the live rows may have changed; None before there are any. One row by index."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT, [live_name(name)])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _builds(names: Sequence[str]) -> dict[str, Build]:
    with connection.cursor() as cursor:
        cursor.execute(_BUILDS, {"log": log_id(), "names": list(names)})
        return {row[0]: _build(*row[1:]) for row in cursor.fetchall()}


def _build(build_id: UUID, target: str, started_at: datetime, cursor: int, head: int, *waiting: Any) -> Build:
    is_idle, first_parked, parked, dead, lag = waiting
    complete = head if is_idle else cursor
    return Build(
        id=build_id,
        target=target,
        started_at=started_at,
        reached=complete,
        position=complete if first_parked is None else min(complete, first_parked - 1),
        head=head,
        lag_seconds=max(0.0, lag or 0.0),
        parked=parked,
        dead=dead,
    )
