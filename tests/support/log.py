"""What the log of the current scope holds."""

from __future__ import annotations

from apps.events.models import Event


def newest_types(count: int) -> list[str]:
    """Types of the last `count` recorded facts, oldest first."""
    types = Event.objects.order_by("-seq").values_list("type", flat=True)[:count]
    return list(reversed(types))
