"""What the webhook endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.services import CreatedEndpoint
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Count, OptionalLine

Address = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[^\x00-\x20\x7f]+$"),
    Field(description="An http or https address that is reachable from the platform."),
]
EventFilter = Annotated[
    str, StringConstraints(max_length=120, pattern=r"^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?)$")
]
Secret = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$"),
    Field(description="`whsec_` and 24 to 64 bytes in base64; left out, one is made."),
]
Filters = Annotated[list[EventFilter], Field(max_length=50, description="Event types; none means every event.")]


class CreateEndpointBody(Body):
    """Where to send what."""

    url: Address
    event_types: Filters = []
    description: OptionalLine = ""
    secret: Secret | None = None


class UpdateEndpointBody(Body):
    """The members to change."""

    url: Address | None = None
    event_types: Filters | None = None
    description: OptionalLine | None = None
    status: Literal["active", "paused"] | None = None


class ReplayBody(Body):
    """From where to send again."""

    after: Count = Field(description="Everything behind this position is sent again, in order.")


class DeliveryFilter(PageQuery):
    """Which attempts."""

    endpoint: UUID | None = None
    event: UUID | None = None
    succeeded: bool | None = None


class EndpointOut(Out):
    """An endpoint. The secret is never shown again."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    status: str
    status_reason: str
    version: int
    created_at: datetime
    updated_at: datetime


class CreatedEndpointOut(EndpointOut):
    """A new endpoint with its secret, which is shown this once."""

    secret: str


class ReplayOut(Out):
    """How many positions lie between the start of the replay and the end of the log."""

    positions: int


class DeliveryOut(Out):
    """One attempt to deliver one event."""

    id: UUID
    endpoint: UUID
    event: UUID
    event_type: str
    position: int
    stream: str
    succeeded: bool
    status_code: int | None
    duration_ms: int
    error: str
    response_excerpt: str
    attempted_at: datetime


def endpoint_out(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The answer's shape, see EndpointOut."""
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": endpoint.event_types,
        "status": endpoint.status,
        "status_reason": endpoint.status_reason,
        "version": endpoint.version,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def created_out(created: CreatedEndpoint) -> dict[str, Any]:
    """The answer's shape, see CreatedEndpointOut."""
    return {**endpoint_out(created.endpoint), "secret": created.secret}


def delivery_out(delivery: Delivery) -> dict[str, Any]:
    """The answer's shape, see DeliveryOut."""
    return {
        "id": delivery.pk,
        "endpoint": delivery.endpoint_id,
        "event": delivery.event_id,
        "event_type": delivery.event_type,
        "position": delivery.position,
        "stream": delivery.stream,
        "succeeded": delivery.succeeded,
        "status_code": delivery.status_code,
        "duration_ms": delivery.duration_ms,
        "error": delivery.error,
        "response_excerpt": delivery.response_excerpt,
        "attempted_at": delivery.attempted_at,
    }
