"""What the webhooks' endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.events.patterns import FORM
from apps.webhooks.models import Delivery, Replay, WebhookEndpoint
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Count, Moment, OptionalLine

_B64: str = "[A-Za-z0-9+/]"
_SECRET: str = f"^whsec_(?:(?:{_B64}{{4}}){{8}}|(?:{_B64}{{4}}){{8,20}}(?:{_B64}{{4}}|{_B64}{{3}}=|{_B64}{{2}}==))$"

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
Secret = Annotated[str, StringConstraints(pattern=_SECRET)]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(max_length=120, pattern=FORM)]],
    Field(max_length=50, description="`*`, `orders.*`, `orders.order_placed` or with its version; none means all."),
]
OrderKeyName = Literal["stream", "tenant", "none"]
TimeLimit = Annotated[int, Field(ge=0, le=60)]
Stream = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class CreateEndpointBody(Body):
    """A receiver. Without `secret` one is made; with `after` the log is sent from that position on."""

    url: Url
    event_types: EventTypes = Field(default_factory=list)
    description: OptionalLine = ""
    order_key: OrderKeyName = Field(
        "stream",
        description="What keeps its order: each aggregate (`stream`), everything, one by one (`tenant`), or nothing.",
    )
    timeout_seconds: TimeLimit = Field(0, description="Longest wait for an answer; 0: the platform's limit.")
    secret: Secret | None = None
    after: Count | None = Field(None, description="Send what came after this position too; default: only new events.")


class UpdateEndpointBody(Body):
    """What is to change; what is absent stays."""

    url: Url | None = None
    event_types: EventTypes | None = None
    description: OptionalLine | None = None
    timeout_seconds: TimeLimit | None = None


class RotateBody(Body):
    """A new secret. Without `secret` one is made; for `overlap_hours` the old one signs as well."""

    secret: Secret | None = None
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class ReplayBody(Body):
    """What to send again.

    `after` alone goes back: everything after it is sent again in order, and what is new waits its turn. Whatever
    narrows it makes a replay of its own that runs beside what is new.
    """

    after: Count = Field(description="Positions after this one.")
    until: Count | None = Field(None, description="Positions up to this one.")
    since: Moment | None = Field(None, description="Events recorded from then on.")
    before: Moment | None = Field(None, description="Events recorded before then.")
    event_types: EventTypes = Field(default_factory=list)
    dry_run: bool = Field(False, description="Only say how much it would be.")


class EndpointOut(Out):
    """An endpoint. `lag` is the number of events that it still has to get."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    status: Literal["active", "paused", "disabled", "failing"]
    status_reason: str
    order_key: OrderKeyName
    timeout_seconds: int
    failing_since: datetime | None
    next_probe_at: datetime | None
    previous_secret_until: datetime | None
    lag: int
    version: int
    created_at: datetime
    updated_at: datetime


class NewEndpointOut(EndpointOut):
    """A new endpoint with its secret, which is shown here and nowhere else."""

    secret: str


class RotatedOut(Out):
    """The new secret, which is shown here and nowhere else; until then the old one signs as well."""

    secret: str
    previous_secret_until: datetime


class ReplayOut(Out):
    """What a replay will send. `replay` is absent (null) for a dry run, for nothing, and for going back."""

    positions: int
    events: int
    dry_run: bool
    replay: UUID | None


class ReplayRecordOut(Out):
    """A replay that runs beside what is new, or did."""

    id: UUID
    after: int
    until: int
    since: datetime | None
    before: datetime | None
    event_types: list[str]
    events: int
    started_at: datetime
    finished_at: datetime | None


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


class DeliveryDetailOut(DeliveryOut):
    """One attempt with the beginning of what was sent; null when the event is no longer in the log."""

    request_excerpt: str | None


def endpoint_out(endpoint: WebhookEndpoint, lag: int) -> dict[str, Any]:
    """The members of EndpointOut."""
    plain = (
        "id",
        "url",
        "description",
        "event_types",
        "status",
        "status_reason",
        "order_key",
        "failing_since",
        "next_probe_at",
        "previous_secret_until",
        "version",
        "created_at",
        "updated_at",
    )
    facts = {"lag": lag, "timeout_seconds": endpoint.timeout_seconds or 0}
    return {name: getattr(endpoint, name) for name in plain} | facts


def replay_out(replay: Replay) -> dict[str, Any]:
    """The members of ReplayRecordOut."""
    return {name: getattr(replay, name) for name in ReplayRecordOut.model_fields}


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
