"""What the event log's endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from rustok.api import Out, Query
from rustok.api.models import Count, OptionalLine

TypeName = Annotated[str, StringConstraints(max_length=120, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?$")]


class LogQuery(Query):
    """Where to read on, and what."""

    after: Count = Field(0, description="The last position that was read; 0 begins at the first event.")
    page_size: int = Field(20, ge=1, le=100, description="Most events of one answer.")
    stream: OptionalLine | None = Field(None, description="Only events of this stream.")
    type: TypeName | None = Field(None, description="Only this type; `orders.*` means every type of an app.")


class CloudEventOut(Out):
    """A CloudEvents 1.0 envelope. `position` is dense and unique in the log."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    sequence: str
    position: int
    partitionkey: str
    streamversion: int
    traceparent: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    actor: str | None = None
    data: dict[str, Any]


class LogPage(Out):
    """Events in order of position. Ask again at `next` when it is null: new events may have come."""

    results: list[CloudEventOut]
    next: str | None = Field(description="Address of the next events, null at the end of the log.")
    last_position: int = Field(description="Give this as `after` to read on.")
