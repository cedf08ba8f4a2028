"""Writes of this app: heartbeats, and the history of the checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import translation

from apps.health.models import BY_HOUR, BY_MINUTE, Heartbeat, Incident, Sample
from apps.tenants.isolation import platform_scope
from rustok.db.ids import new_id
from rustok.health import Reason

FORGET_AFTER: Final = timedelta(days=1)
MINUTES_KEPT: Final = timedelta(hours=24)
HOURS_KEPT: Final = timedelta(days=30)
MOST_INCIDENTS: Final = 2_000
_TURN: Final = 0x7E4A_4EA1  # who holds this lock writes the history
_AGAIN: Final = timedelta(seconds=2)  # processes notice the same end of an incident at most so far apart
_AHEAD: Final = timedelta(minutes=2)
_ROLL_UP: Final = """
    INSERT INTO health_sample (id, check_name, width, at, passed, warned, failed, took_ms, worst_ms, value)
    SELECT gen_random_uuid(), check_name, %(hour)s, date_trunc('hour', at, 'UTC'),
           sum(passed), sum(warned), sum(failed), avg(took_ms), max(worst_ms), max(value)
    FROM health_sample WHERE width = %(minute)s AND at >= %(since)s AND at < %(until)s
    GROUP BY check_name, date_trunc('hour', at, 'UTC')
    ON CONFLICT (width, at, check_name) DO UPDATE SET
        passed = excluded.passed, warned = excluded.warned, failed = excluded.failed,
        took_ms = excluded.took_ms, worst_ms = excluded.worst_ms, value = excluded.value
"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch within a minute in which a check did not pass; `until` is empty while it lasts."""

    status: str
    reason: Reason
    began: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One check in one minute: seconds in each state, milliseconds of its answers, the highest value it saw."""

    passed: int
    warned: int
    failed: int
    took_ms: float
    worst_ms: float
    value: float | None
    since: datetime
    episode: Episode | None = None


@dataclass(frozen=True, slots=True)
class Minute:
    """What one process saw in a minute, by check."""

    at: datetime
    checks: Mapping[str, Summary]


def record_heartbeat(*, worker: str, ago: timedelta = timedelta()) -> None:
    """Note that `worker` has finished a task, now (or then), and forget workers that have been gone for a day.

    By the database's clock: one worker whose clock is ahead would prove for hours that workers work.
    """
    Heartbeat.objects.update_or_create(worker=worker[:200], defaults={"beat_at": Now() - ago})
    Heartbeat.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def keep_minutes(minutes: Sequence[Minute]) -> None:
    """Store what nobody stored yet of these minutes, oldest first. About eight short statements, once a minute.

    Several processes offer the same minutes: the first one's are kept. Minutes of a future, from a process whose clock
    is ahead, are dropped: they would hide the true ones, and take the history for old. Raises DatabaseError when the
    store is down, and then nothing is stored.
    """
    with platform_scope("history of health"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp(), pg_advisory_xact_lock(%s)", [_TURN])
            now = cursor.fetchone()[0]
        minutes = [minute for minute in minutes if minute.at <= now + _AHEAD]
        known = set(
            Sample.objects.filter(width=BY_MINUTE, at__in=[minute.at for minute in minutes]).values_list(
                "at", flat=True
            )
        )
        fresh = [minute for minute in minutes if minute.at not in known]
        if not fresh:
            return
        Sample.objects.bulk_create([_row(minute.at, name, seen) for minute, name, seen in _each(fresh)])
        _tell_incidents(fresh)
        _roll_up(fresh)
        if not fresh[-1].at.minute:
            forget(now=fresh[-1].at)


def forget(*, now: datetime) -> None:
    """Drop minutes older than a day, hours older than a month, and the oldest of too many incidents.

    An incident of a check that nobody has told of for a day (it was renamed, or its module is gone) ends now.
    """
    old = Q(width=BY_MINUTE, at__lt=now - MINUTES_KEPT) | Q(width=BY_HOUR, at__lt=now - HOURS_KEPT)
    Sample.objects.filter(old).delete()
    known = Sample.objects.filter(width=BY_MINUTE).values("check_name")
    Incident.objects.filter(ended_at=None, began_at__lt=now - MINUTES_KEPT).exclude(check_name__in=known).update(
        ended_at=now
    )
    over = Incident.objects.filter(ended_at__isnull=False)
    over.filter(ended_at__lt=now - HOURS_KEPT).delete()
    over.filter(pk__in=list(over.order_by("-began_at").values_list("pk", flat=True)[MOST_INCIDENTS:])).delete()


def _each(minutes: Iterable[Minute]) -> list[tuple[Minute, str, Summary]]:
    return [(minute, name, seen) for minute in minutes for name, seen in sorted(minute.checks.items())]


def _row(at: datetime, name: str, seen: Summary) -> Sample:
    return Sample(
        id=new_id(),
        check_name=name,
        width=BY_MINUTE,
        at=at,
        passed=seen.passed,
        warned=seen.warned,
        failed=seen.failed,
        took_ms=seen.took_ms,
        worst_ms=seen.worst_ms,
        value=seen.value,
    )


def _tell_incidents(minutes: Sequence[Minute]) -> None:
    """Open, worsen and end incidents; a check without an open one and without an episode costs nothing."""
    opened = {incident.check_name: incident for incident in Incident.objects.filter(ended_at=None)}
    for _minute, name, seen in _each(minutes):
        incident, episode = opened.get(name), seen.episode
        if incident is None and episode is not None:
            incident = _told_before(name, episode) or Incident(check_name=name, began_at=episode.began)
        if incident is None:
            continue
        ended = seen.since if episode is None else episode.until
        _write(incident, episode, ended)
        if ended is None:
            opened[name] = incident
        else:
            opened.pop(name, None)


def _told_before(name: str, episode: Episode) -> Incident | None:
    """The incident that another process has just told and ended: its end is then put later, not told again."""
    return Incident.objects.filter(check_name=name, ended_at__gte=episode.began - _AGAIN).first()


def _write(incident: Incident, episode: Episode | None, ended: datetime | None) -> None:
    if episode is not None and (not incident.reason or incident.status != "fail"):
        incident.status, incident.told = episode.status, episode.reason.packed
        with translation.override("en"):  # for the search, and for whoever reads the table
            incident.reason = str(episode.reason)[:300]
    incident.ended_at = None if ended is None else max(ended, incident.began_at)
    incident.save()


def _roll_up(minutes: Sequence[Minute]) -> None:
    since = minutes[0].at.replace(minute=0)
    until = minutes[-1].at + timedelta(minutes=1)
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, {"hour": BY_HOUR, "minute": BY_MINUTE, "since": since, "until": until})
