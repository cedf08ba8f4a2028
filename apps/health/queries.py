"""Reads of this app: the state of this process, and the heartbeats of the workers (those need the platform scope)."""

from __future__ import annotations

from datetime import datetime

from apps.health.models import Heartbeat
from apps.health.sampler import Result, Status, sampler

__all__ = ["Result", "Status", "current_results", "last_heartbeat", "workers_seen_since"]


def current_results() -> tuple[Result, ...]:
    """What this process knows about each check, by name; from memory, in microseconds, in any scope."""
    return sampler().results()


def last_heartbeat() -> datetime | None:
    """When any worker last finished a task; None before the first one."""
    return Heartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()


def workers_seen_since(moment: datetime) -> int:
    """How many workers have finished a task since then."""
    return Heartbeat.objects.filter(beat_at__gte=moment).count()
