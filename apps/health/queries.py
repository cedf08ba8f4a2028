"""Reads of this app: the state of this process, the heartbeats and the history (those two need the platform scope)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from apps.health.models import BY_HOUR, BY_MINUTE, Incident
from apps.health.sampler import Result, Status, sampler

__all__ = [
    "Period",
    "Point",
    "Result",
    "Status",
    "beats",
    "current_results",
    "history",
    "incidents",
]
_BEATS: Final = """
    SELECT extract(epoch FROM statement_timestamp() - max(beat_at))::float8,
           count(*) FILTER (WHERE beat_at > statement_timestamp() - interval '1 minute')
    FROM health_heartbeat
"""
_POINTS: Final = """
    SELECT check_name, date_bin(make_interval(secs => %(step)s), at, %(since)s), sum(passed), sum(warned), sum(failed),
           avg(took_ms) FILTER (WHERE worst_ms > 0), max(worst_ms), max(value)
    FROM health_sample WHERE width = %(width)s AND at >= %(since)s AND at < %(until)s
    GROUP BY 1, 2
"""


class Period(Enum):
    """How far one looks back: minutes of samples, minutes of a point, width of the samples that are read."""

    HOUR = (60, 1, BY_MINUTE)
    DAY = (24 * 60, 15, BY_MINUTE)
    MONTH = (30 * 24 * 60, 360, BY_HOUR)

    def __init__(self, minutes: int, step: int, width: int) -> None:
        """Durations in minutes."""
        self.length, self.step, self.width = timedelta(minutes=minutes), timedelta(minutes=step), width

    def slots(self, now: datetime) -> list[datetime]:
        """The beginnings of its points, the last of which is under way."""
        seconds = self.step.total_seconds()
        last = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
        count = int(self.length / self.step)
        return [last - self.step * back for back in reversed(range(count))]


@dataclass(frozen=True, slots=True)
class Point:
    """One stretch of one check: seconds in each state, milliseconds of answers, the highest value seen."""

    at: datetime
    passed: int
    warned: int
    failed: int
    took_ms: float
    worst_ms: float
    value: float | None

    @property
    def status(self) -> Status:
        """The worst state in it."""
        if self.failed:
            return Status.FAIL
        return Status.WARN if self.warned else Status.PASS


def current_results() -> tuple[Result, ...]:
    """What this process knows about each check, by name; from memory, in microseconds, in any scope."""
    return sampler().results()


def history(period: Period, *, now: datetime) -> Mapping[str, Mapping[datetime, Point]]:
    """Points of every check by their beginning; stretches that nobody watched are missing. One statement."""
    slots = period.slots(now)
    step = int(period.step.total_seconds())
    limits: dict[str, Any] = {"step": step, "width": period.width}
    limits |= {"since": slots[0], "until": slots[-1] + period.step}
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, limits)
        rows = cursor.fetchall()
    found: dict[str, dict[datetime, Point]] = {}
    for name, at, passed, warned, failed, took, worst, value in rows:
        point = Point(at, int(passed), int(warned), int(failed), round(took or 0.0, 2), worst or 0.0, value)
        found.setdefault(name, {})[at] = point
    return found


def incidents(*, since: datetime) -> QuerySet[Incident]:
    """Incidents that lasted at that moment or began later, newest first."""
    return Incident.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since))


def beats() -> tuple[float | None, int]:
    """Seconds since any worker last finished a task (None before the first one), and how many did within a minute.

    By the database's clock, which also dates the beats: those of two machines may differ. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEATS)
        age, seen = cursor.fetchone()
    return age, seen
