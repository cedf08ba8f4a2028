"""Reads of this app. They need the platform scope."""

from __future__ import annotations

from datetime import datetime

from apps.health.models import Heartbeat


def last_heartbeat() -> datetime | None:
    """When any worker last finished a task; None before the first one."""
    return Heartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()


def workers_seen_since(moment: datetime) -> int:
    """How many workers have finished a task since then."""
    return Heartbeat.objects.filter(beat_at__gte=moment).count()
