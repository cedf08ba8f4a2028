"""A span while it lasts, and what is made of it: OpenTelemetry's for exporters, a small JSON object for the ring.

Spans are recorded in an object of our own, because the SDK's costs ten times as much to begin, describe and end; what
leaves the process is the SDK's `ReadableSpan`, made by the thread that sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from rustok import __version__
from rustok.telemetry.redaction import redact_text
from rustok.telemetry.ring import LONGEST, Group

SLOW_TRACE_MS: Final = 1000.0  # a trace whose first span took longer is kept longer
MOST_FACTS: Final = 32
MOST_LINKS: Final = 32
LONGEST_FACT: Final = 500
_DOORS: Final = frozenset({SpanKind.SERVER, SpanKind.CONSUMER})
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_SCOPE: Final = InstrumentationScope("rustok", __version__)
_SHORT: Final = (bool, int, float)


@dataclass(slots=True)
class LiveSpan:
    """One span. Ids are lower-case hex, times nanoseconds since 1970; `error` is empty while nothing failed."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: SpanKind
    start: int
    end: int = 0
    remote: bool = False
    error: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    links: Sequence[tuple[str, str]] = ()

    def note(self, name: str, value: Any) -> None:
        """Keep a fact: numbers as they are, anything else as a text that is not too long."""
        if len(self.about) < MOST_FACTS:
            self.about[name] = value if isinstance(value, _SHORT) else str(value)[:LONGEST_FACT]


def readable(span: LiveSpan, resource: Resource) -> ReadableSpan:
    """The span as OpenTelemetry's exporters want it."""
    parent = _context(span.trace_id, span.parent_id, remote=span.remote) if span.parent_id else None
    failed = Status(StatusCode.ERROR, redact_text(span.error)) if span.error else Status()
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=parent,
        resource=resource,
        attributes={name: redact_text(fact) if type(fact) is str else fact for name, fact in span.about.items()},
        links=[Link(_context(*link, remote=True)) for link in span.links[:MOST_LINKS]],
        kind=span.kind,
        status=failed,
        start_time=span.start,
        end_time=span.end,
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=_SAMPLED)


def document(span: LiveSpan) -> dict[str, Any]:
    """The span as plain data."""
    found: dict[str, Any] = {
        "id": span.span_id,
        "parent": span.parent_id,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "start": span.start,
        "end": span.end,
        "error": span.error,
        "about": span.about,
    }
    if span.links:
        found["links"] = span.links[:MOST_LINKS]
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


def grouped(spans: Sequence[LiveSpan]) -> dict[str, Group]:
    """A batch of finished spans by trace."""
    groups: dict[str, Group] = {}
    for span in spans:
        found = document(span)
        started = span.start // 1_000_000
        group = groups.get(span.trace_id)
        if group is None:
            group = groups[span.trace_id] = Group(at=started)
        group.items.append(packed(found))
        group.keep = group.keep or bool(span.error)
        is_entry = not span.parent_id or span.remote or span.kind in _DOORS
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
