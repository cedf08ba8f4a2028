"""What the receiver knows, for its page and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet

from apps.demo.models import Arrival, Subscription
from apps.events import queries as events
from apps.tenants.isolation import tenant_scope
from rustok.config import config
from rustok.errors import DomainError

SECONDS: Final = 120
"""How far back the plot goes."""

_RECENT: Final = 500
_LAST: Final = 8

_COUNTS: Final = """
SELECT s.id, s.slug, s.name, s.refused, count(a.id), coalesce(sum(a.deliveries), 0) - count(a.id),
       count(a.id) FILTER (WHERE NOT a.in_order)
FROM demo_subscription s LEFT JOIN demo_arrival a ON a.subscription_id = s.id
GROUP BY s.id ORDER BY s.slug
"""

_LAG: Final = """
SELECT percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY r.lag)
FROM (SELECT extract(epoch FROM a.arrived_at - a.occurred_at) * 1000 AS lag FROM demo_arrival a
      WHERE a.subscription_id = %s ORDER BY a.arrived_at DESC LIMIT %s) r
"""

_PER_SECOND: Final = """
SELECT floor(extract(epoch FROM %s - a.arrived_at))::int AS ago, count(*)
FROM demo_arrival a WHERE a.subscription_id = %s AND a.arrived_at > %s - make_interval(secs => %s) GROUP BY ago
"""


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """One shop as the receiver sees it. `per_second` runs from SECONDS ago to now; lags are in milliseconds."""

    slug: str
    name: str
    url: str
    recorded: int
    arrived: int
    refused: int
    duplicates: int
    out_of_order: int
    lag_p50: float | None
    lag_p95: float | None
    per_second: list[int]
    last: list[dict[str, Any]]

    @property
    def valid(self) -> int:
        """Every noted event had a valid signature."""
        return self.arrived


def summary(*, now: datetime) -> Iterator[ShopSummary]:
    """All shops, by slug. Four short statements a shop."""
    for key, slug, name, refused, arrived, duplicates, disorder in _rows(_COUNTS, []):
        lags = _rows(_LAG, [key, _RECENT])[0][0] or (None, None)
        yield ShopSummary(
            slug=slug,
            name=name,
            url=config().public_url(f"{slug}.{config().base_domain}"),
            recorded=_recorded(slug),
            arrived=arrived,
            refused=refused,
            duplicates=int(duplicates),
            out_of_order=disorder,
            lag_p50=_milliseconds(lags[0]),
            lag_p95=_milliseconds(lags[1]),
            per_second=_per_second(key, now),
            last=[arrival_dict(arrival) for arrival in _arrivals(key).order_by("-arrived_at", "-id")[:_LAST]],
        )


def arrivals(*, slug: str, stream: str = "", after: tuple[datetime, UUID] | None = None) -> QuerySet[Arrival]:
    """What arrived from a shop, in order of first arrival, beyond the arrival `after`."""
    found = Arrival.objects.filter(subscription__slug=slug).order_by("arrived_at", "id")
    if stream:
        found = found.filter(stream=stream)
    if after is not None:
        moment, key = after
        found = found.filter(Q(arrived_at__gt=moment) | Q(arrived_at=moment, id__gt=key))
    return found


def arrival_dict(arrival: Arrival) -> dict[str, Any]:
    """One arrival for JSON."""
    lag = (arrival.arrived_at - arrival.occurred_at).total_seconds() * 1000
    names = ("event_id", "type", "stream", "version", "position", "occurred_at", "arrived_at", "deliveries", "in_order")
    return {name: getattr(arrival, name) for name in names} | {"valid": True, "lag_ms": round(lag, 1)}


def is_subscribed(slug: str) -> bool:
    """Whether the receiver takes this shop's events."""
    return Subscription.objects.filter(slug=slug).exists()


def _recorded(slug: str) -> int:
    """The last position of the shop's log; 0 when the shop is suspended or gone: nothing can be said then."""
    try:
        with tenant_scope(slug):
            return events.head()
    except DomainError:
        return 0


def _arrivals(key: UUID) -> QuerySet[Arrival]:
    return Arrival.objects.filter(subscription_id=key).annotate(order=F("arrived_at"))


def _per_second(key: UUID, now: datetime) -> list[int]:
    counts = [0] * SECONDS
    for ago, count in _rows(_PER_SECOND, [now, key, now, SECONDS]):
        if 0 <= ago < SECONDS:
            counts[SECONDS - 1 - ago] = count
    return counts


def _milliseconds(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
