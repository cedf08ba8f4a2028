"""Reading endpoints and deliveries of the current tenant."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from apps.webhooks.models import Delivery, WebhookEndpoint
from rustok.errors.families import NotFound


def endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint, newest first."""
    return WebhookEndpoint.objects.order_by("-id")


def get_endpoint(endpoint_id: UUID) -> WebhookEndpoint:
    """One endpoint; raises NotFound."""
    found = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound(resource="webhook endpoint")
    return found


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
