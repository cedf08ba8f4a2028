"""Writes of this app."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from apps.health.models import Heartbeat

FORGET_AFTER: Final = timedelta(days=1)


def record_heartbeat(*, worker: str, at: datetime) -> None:
    """Note that `worker` finished a task at this time, and forget workers that have been gone for a day."""
    Heartbeat.objects.update_or_create(worker=worker[:200], defaults={"beat_at": at})
    Heartbeat.objects.filter(beat_at__lt=at - FORGET_AFTER).delete()
