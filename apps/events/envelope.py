"""Stored events as CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec), for webhooks and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from apps.events.records import StoredEvent
from rustok.config import config

_EXTENSIONS: Final = {"correlation": "correlationid", "causation": "causationid", "actor": "actor"}


def source_of(tenant_slug: str) -> str:
    """The `source` of a log: `//<base domain>/tenants/<slug>`; `//<base domain>/platform` for an empty slug."""
    domain = config().base_domain
    return f"//{domain}/tenants/{tenant_slug}" if tenant_slug else f"//{domain}/platform"


def cloud_event(event: StoredEvent, *, source: str, metadata: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The event with its context attributes; `data` is passed through undecoded (orjson writes it as it stands).

    Extensions: `position` (dense, per log), `sequence` (the same, sortable as text), `partitionkey` (the stream),
    `streamversion`, `traceparent` (Distributed Tracing), `correlationid`, `causationid`, `actor`. `metadata`: the
    event's, for who has decoded them.
    """
    metadata = event.metadata if metadata is None else metadata
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source,
        "type": event.wire_type,
        "subject": event.stream,
        "time": event.time,
        "datacontenttype": "application/json",
        "sequence": f"{event.position:020d}",
        "position": event.position,
        "partitionkey": event.stream,
        "streamversion": event.version,
    }
    traceparent = metadata.get("traceparent")
    if traceparent:
        attributes["traceparent"] = traceparent
    for name, extension in _EXTENSIONS.items():
        if value := metadata.get(name):
            attributes[extension] = value
    attributes["data"] = orjson.Fragment(event.raw_data)
    return attributes


def encode(event: StoredEvent, *, source: str, metadata: Mapping[str, str] | None = None) -> bytes:
    """The JSON document."""
    return orjson.dumps(cloud_event(event, source=source, metadata=metadata))
