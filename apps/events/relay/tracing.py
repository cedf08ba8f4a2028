"""Deliveries as spans of the traces that their events were recorded in (OpenTelemetry's messaging conventions).

A batch mixes events of many requests. Each trace that it holds an event of gets a span of its own, up to `WIDTH`, so
that a trace is whole from the request to the receiver; in a catch-up, where a batch holds hundreds, the rest becomes
links of the first span. Transports that tell of each event themselves (`tells`, as webhooks do) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

import orjson

from apps.events.records import StoredEvent
from rustok.context import Trace, amended
from rustok.telemetry import provider
from rustok.telemetry.propagation import received
from rustok.telemetry.tracing import Kind, span

WIDTH: Final = 8  # traces of one batch with a span of their own
LINKS: Final = 32  # further ones that are linked


def _traces(events: Sequence[StoredEvent]) -> list[Trace]:
    """The recorded traces of a batch, as many as are told of. Events of one unit of work share their metadata."""
    found: dict[str, Trace] = {}
    for raw in dict.fromkeys(event.raw_metadata for event in events):
        trace = _trace(raw)
        if trace is not None and trace.sampled:
            found[trace.trace_id] = trace
            if len(found) == WIDTH + LINKS:
                break
    return list(found.values())


def _trace(raw_metadata: str) -> Trace | None:
    """The span that recorded the event; None when it was recorded outside every trace."""
    metadata = orjson.loads(raw_metadata)
    return received(metadata) if "traceparent" in metadata else None


def observed(transport: object, events: Sequence[StoredEvent], publish: Callable[[], Sequence[Any]]) -> Sequence[Any]:
    """What `publish` returns, told as a delivery in the traces of the events. About 50 us a trace, or nothing."""
    if not events or getattr(transport, "tells", False) or not provider.is_on():
        return publish()
    traces = _traces(events)
    if not traces:
        return publish()
    about = _described(transport, events)
    name = f"deliver {about['messaging.destination.name']}"
    works = [
        span(name, kind=Kind.CONSUMER, about=about, links=traces[WIDTH:] if first == 0 else ())
        for first, _trace in enumerate(traces[:WIDTH])
    ]
    inner = [work.open(trace) for work, trace in zip(works, traces, strict=False)]
    try:
        with amended(trace=inner[0]) if len(traces) == 1 else nullcontext():
            outcomes = publish()
        refused = next((outcome.reason for outcome in outcomes if getattr(outcome, "reason", "")), "")
        for work in works:
            if refused:
                work.fail(refused[:120])
        return outcomes
    finally:
        for work in works:
            work.close()


def _described(transport: object, events: Sequence[StoredEvent]) -> dict[str, Any]:
    return {
        "messaging.system": "rustok",
        "messaging.operation.type": "process",
        "messaging.destination.name": getattr(transport, "label", "") or type(transport).__name__,
        "messaging.batch.message_count": len(events),
        "rustok.position": events[0].position,
    }
