"""What the webhooks' endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.events.patterns import FORM
from apps.webhooks.models import Delivery, WebhookEndpoint
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Count, OptionalLine

_B64: str = "[A-Za-z0-9+/]"
_SECRET: str = f"^whsec_(?:(?:{_B64}{{4}}){{8}}|(?:{_B64}{{4}}){{8,20}}(?:{_B64}{{4}}|{_B64}{{3}}=|{_B64}{{2}}==))$"

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
Secret = Annotated[str, StringConstraints(pattern=_SECRET)]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(max_length=120, pattern=FORM)]],
    Field(max_length=50, description="`*`, `orders.*`, `orders.order_placed` or with its version; none means all."),
]
Stream = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class CreateEndpointBody(Body):
    """A receiver. Without `secret` one is made; with `after` the log is sent from that position on."""

    url: Url
    event_types: EventTypes = Field(default_factory=list)
    description: OptionalLine = ""
    secret: Secret | None = None
    after: Count | None = Field(None, description="Send what came after this position too; default: only new events.")


class UpdateEndpointBody(Body):
    """What is to change; what is absent stays."""

    url: Url | None = None
    event_types: EventTypes | None = None
    description: OptionalLine | None = None


class ReplayBody(Body):
    """From where to send again."""

    after: Count = Field(description="Everything after this position is sent again, in order.")


class EndpointOut(Out):
    """An endpoint. `lag` is the number of events that it still has to get."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    status: Literal["active", "paused", "disabled"]
    status_reason: str
    lag: int
    version: int
    created_at: datetime
    updated_at: datetime


class NewEndpointOut(EndpointOut):
    """A new endpoint with its secret, which is shown here and nowhere else."""

    secret: str


class ReplayOut(Out):
    """What a replay will pass through."""

    positions: int


class TestOut(Out):
    """What a test message brought."""

    succeeded: bool
    status_code: int | None
    duration_ms: int
    error: str
    response_excerpt: str


class DeliveryFilter(PageQuery):
    """Attempts of one endpoint, event or stream, or of one outcome."""

    endpoint: UUID | None = None
    event: UUID | None = None
    stream: Stream | None = None
    succeeded: bool | None = None


class DeliveryOut(Out):
    """One attempt."""

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


def endpoint_out(endpoint: WebhookEndpoint, lag: int) -> dict[str, Any]:
    """The members of EndpointOut."""
    plain = (
        "id",
        "url",
        "description",
        "event_types",
        "status",
        "status_reason",
        "version",
        "created_at",
        "updated_at",
    )
    return {name: getattr(endpoint, name) for name in plain} | {"lag": lag}


def delivery_out(delivery: Delivery) -> dict[str, Any]:
    """The members of DeliveryOut."""
    plain = (
        "id",
        "event_type",
        "position",
        "stream",
        "succeeded",
        "status_code",
        "duration_ms",
        "error",
        "response_excerpt",
        "attempted_at",
    )
    return {name: getattr(delivery, name) for name in plain} | {
        "endpoint": delivery.endpoint_id,
        "event": delivery.event_id,
    }
