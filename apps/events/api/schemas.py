"""What the event log's endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.events.patterns import FORM
from rustok.api import Out, Query
from rustok.api.models import Count

EventFilterText = Annotated[str, StringConstraints(max_length=120, pattern=FORM)]
Stream = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class LogQuery(Query):
    """Where to go on, and which facts are wanted."""

    after: Count = Field(0, description="Positions after this one; 0 begins at the first event.")
    page_size: int = Field(20, ge=1, le=100, description="Most results of one page.")
    type: EventFilterText | None = Field(None, description="`orders.*`, `orders.order_placed` or with its version.")
    stream: Stream | None = Field(None, description="One stream, as `order-<id>`.")
    gaps: bool = Field(default=False, description="Read on although older events were removed meanwhile.")


class CloudEventOut(Out):
    """A CloudEvents 1.0 event with this platform's extensions."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    sequence: str = Field(description="The position as text that sorts.")
    position: int = Field(description="Dense: the next event has the next number.")
    partitionkey: str
    streamversion: int
    traceparent: str = ""
    correlationid: str = ""
    causationid: str = ""
    actor: str = ""
    data: dict[str, Any]


class EventSchemaOut(Out):
    """The contract of one event type and version."""

    type: str
    json_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of the member `data`.")
