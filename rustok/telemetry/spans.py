"""Spans as the ring keeps them: one small JSON object each, and what a list of traces shows of a whole trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from rustok.telemetry.redaction import redact_text
from rustok.telemetry.ring import LONGEST, Group

SLOW_TRACE_MS: Final = 1000.0  # a trace whose first span took longer is kept longer
_DOORS: Final = frozenset({SpanKind.SERVER, SpanKind.CONSUMER})


def document(span: ReadableSpan) -> dict[str, Any]:
    """The span as plain data: ids in hex, times in nanoseconds since 1970."""
    own, parent = span.context, span.parent
    assert own is not None
    status = span.status
    found: dict[str, Any] = {
        "id": f"{own.span_id:016x}",
        "parent": f"{parent.span_id:016x}" if parent is not None else "",
        "name": span.name,
        "kind": span.kind.name.lower(),
        "start": span.start_time or 0,
        "end": span.end_time or 0,
        "error": status.description or "error" if status.status_code is StatusCode.ERROR else "",
        "about": dict(span.attributes or {}),
    }
    if span.events:
        found["events"] = [[event.timestamp, event.name, dict(event.attributes or {})] for event in span.events]
    if span.links:
        found["links"] = [[f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}"] for link in span.links]
    return found


def packed(found: dict[str, Any]) -> bytes:
    """The document as redacted JSON; one that is too long loses its details, never its place in the tree."""
    text = orjson.dumps(found, default=str).decode()
    safe = redact_text(text).encode()
    if len(safe) <= LONGEST:
        return safe
    return orjson.dumps(
        {**found, "name": found["name"][:200], "error": found["error"][:200], "about": {}, "events": []}
    )


def grouped(spans: Sequence[ReadableSpan]) -> dict[str, Group]:
    """A batch of finished spans by trace."""
    groups: dict[str, Group] = {}
    for span in spans:
        assert span.context is not None
        found = document(span)
        started = found["start"] // 1_000_000
        group = groups.setdefault(f"{span.context.trace_id:032x}", Group(at=started))
        group.items.append(packed(found))
        group.keep = group.keep or bool(found["error"])
        is_entry = span.parent is None or span.parent.is_remote or span.kind in _DOORS
        if is_entry and (group.facts is None or started <= group.at):
            group.facts = _facts(found)
            group.keep = group.keep or group.facts["ms"] > SLOW_TRACE_MS
        group.at = min(group.at, started)
    return groups


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    about = entry["about"]
    return {
        "name": redact_text(entry["name"][:200]),
        "start": entry["start"],
        "ms": round((entry["end"] - entry["start"]) / 1e6, 2),
        "error": redact_text(entry["error"][:120]),
        "tenant": about.get("rustok.tenant", ""),
        "route": about.get("http.route", ""),
        "status": about.get("http.response.status_code", 0),
        "request": about.get("rustok.request_id", ""),
    }
