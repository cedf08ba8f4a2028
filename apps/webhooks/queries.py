"""Reading endpoints and deliveries of the current tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.events.envelope import encode, source_of
from apps.events.queries import find_event, waiting_by_target
from apps.webhooks.connections import EXCERPT
from apps.webhooks.models import Delivery, Replay, WebhookEndpoint
from apps.webhooks.names import TRANSPORT
from rustok.context import ExecutionContext, current
from rustok.errors.families import NotFound
from rustok.telemetry.redaction import redact_text

# From the commit of the event to the attempt that succeeded, over the latest deliveries, in parts of equal size.
_DELAYS: Final = """
    WITH latest AS (
        SELECT d.id, d.attempted_at, EXTRACT(EPOCH FROM d.attempted_at - e.recorded_at) AS seconds
        FROM webhooks_delivery d JOIN events_event e ON e.id = d.event_id
        WHERE d.succeeded ORDER BY d.id DESC LIMIT %s
    )
    SELECT min(attempted_at), avg(seconds)::float8, max(seconds)::float8
    FROM (SELECT attempted_at, seconds, ntile(%s) OVER (ORDER BY id) AS part FROM latest) parts
    GROUP BY part ORDER BY part
"""
_PER_HOUR: Final = """
    SELECT date_trunc('hour', attempted_at) AS hour, count(*) FILTER (WHERE succeeded),
        count(*) FILTER (WHERE NOT succeeded)
    FROM webhooks_delivery WHERE id >= %s GROUP BY hour ORDER BY hour
"""


@dataclass(frozen=True, slots=True)
class Delay:
    """How long deliveries took that began around `at`, in seconds: on average, and the slowest."""

    at: datetime
    typical: float
    slowest: float


def endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint, newest first."""
    return WebhookEndpoint.objects.order_by("-id")


def get_endpoint(endpoint_id: UUID) -> WebhookEndpoint:
    """One endpoint; raises NotFound."""
    found = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound(resource="webhook endpoint")
    return found


def replays(endpoint_id: UUID) -> QuerySet[Replay]:
    """The replays of an endpoint, newest first; raises NotFound."""
    return Replay.objects.filter(endpoint=get_endpoint(endpoint_id)).order_by("-id")


def get_delivery(delivery_id: UUID) -> Delivery:
    """One attempt; raises NotFound."""
    found = Delivery.objects.filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(resource="delivery")
    return found


def request_excerpt(delivery: Delivery, *, context: ExecutionContext) -> str | None:
    """The beginning of the body that was posted; None without `event:read`, and when the event left the log.

    Made from the event, not kept: what is erased there is not found here. One statement.
    """
    if not context.allows("event:read"):
        return None
    event = find_event(delivery.event_id)
    if event is None:
        return None
    tenant = current().tenant
    body = encode(event, source=source_of(tenant.slug if tenant else ""))
    return redact_text(body.decode())[:EXCERPT]


def deliveries(
    *,
    endpoint_id: UUID | None = None,
    event_id: UUID | None = None,
    stream: str | None = None,
    succeeded: bool | None = None,
) -> QuerySet[Delivery]:
    """Attempts, newest first, narrowed by what is given."""
    wanted = {"endpoint_id": endpoint_id, "event_id": event_id, "stream": stream, "succeeded": succeeded}
    return Delivery.objects.filter(**{name: value for name, value in wanted.items() if value is not None})


def delays(*, latest: int = 1000, parts: int = 24) -> list[Delay]:
    """The delays of the latest successful deliveries, oldest first. One statement; `latest` bounds its cost."""
    with connection.cursor() as cursor:
        cursor.execute(_DELAYS, [latest, parts])
        return [Delay(*row) for row in cursor.fetchall()]


def lags() -> dict[str, int]:
    """How many events each endpoint (by id as text) still has to get. One statement over what waits."""
    return waiting_by_target(TRANSPORT)


def lag(endpoint_id: UUID) -> int:
    """How many events one endpoint still has to get; the others are not looked at."""
    return waiting_by_target(TRANSPORT, target=str(endpoint_id)).get(str(endpoint_id), 0)


@dataclass(frozen=True, slots=True)
class HourOfDeliveries:
    """Attempts within one hour that starts at `hour`."""

    hour: datetime
    delivered: int
    failed: int


def deliveries_per_hour(*, since: datetime) -> list[HourOfDeliveries]:
    """Attempts since a time, hour by hour; hours without any are absent.

    One statement over the attempts since then: ids are time ordered, so the primary key bounds the range.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PER_HOUR, [first_id(since)])
        return [HourOfDeliveries(*row) for row in cursor.fetchall()]


def first_id(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment (RFC 9562 section 5.7: 48 bits of milliseconds first)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
