"""A span while it lasts, and what is made of it: OpenTelemetry's for exporters, a small JSON object for the ring.

Spans are recorded in an object of our own, because the SDK's costs ten times as much to begin, describe and end; what
leaves the process is the SDK's `ReadableSpan`, made by the thread that sends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from rustok import __version__
from rustok.telemetry.redaction import MASK, is_secret_name, redact_text
from rustok.telemetry.ring import LONGEST, MOST, Group

SLOW_TRACE_MS: Final = 1000.0  # a trace whose first span took longer is kept longer
MOST_FACTS: Final = 32
MOST_LINKS: Final = 32
LONGEST_FACT: Final = 500
_DOORS: Final = frozenset({SpanKind.SERVER, SpanKind.CONSUMER})
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_SCOPE: Final = InstrumentationScope("rustok", __version__)
_SHORT: Final = frozenset({bool, int, float})
_KINDS: Final = {kind: kind.name.lower() for kind in SpanKind}
_CARD: Final = 10**12  # numbers below are too short to be that of a payment card


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

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keep facts: numbers as they are, anything else as a text that is not too long."""
        about = self.about
        for name, value in facts.items():
            if type(value) in _SHORT:
                about[name] = value
            else:
                about[name] = (value if type(value) is str else str(value))[:LONGEST_FACT]
        if len(about) > MOST_FACTS:
            self.about = dict(islice(about.items(), MOST_FACTS))


def readable(span: LiveSpan, resource: Resource) -> ReadableSpan:
    """The span as OpenTelemetry's exporters want it."""
    parent = _context(span.trace_id, span.parent_id, remote=span.remote) if span.parent_id else None
    name, error, about = _clean(span)
    return ReadableSpan(
        name=name,
        context=_context(span.trace_id, span.span_id),
        parent=parent,
        resource=resource,
        attributes=about,
        links=[Link(_context(*link, remote=True)) for link in span.links[:MOST_LINKS]],
        kind=span.kind,
        status=Status(StatusCode.ERROR, error) if error else Status(),
        start_time=span.start,
        end_time=span.end,
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=_SAMPLED)


def _clean(span: LiveSpan) -> tuple[str, str, dict[str, Any]]:
    """Name, error and facts without secrets: one look at all of them, and a second one where it found something."""
    about = span.about
    texts = [str(fact) for fact in about.values() if type(fact) is str or (type(fact) is int and fact > _CARD)]
    whole = "\n".join((span.name, span.error, *texts))
    if redact_text(whole) == whole and not any(map(is_secret_name, about)):
        return span.name, span.error, about
    return redact_text(span.name), redact_text(span.error), {name: _masked(name, fact) for name, fact in about.items()}


def _masked(name: str, fact: Any) -> Any:
    if is_secret_name(name):
        return MASK
    safe = redact_text(str(fact))
    return safe if type(fact) is str or safe != str(fact) else fact


def _document(span: LiveSpan) -> dict[str, Any]:
    """The span as plain data, without secrets."""
    name, error, about = _clean(span)
    found: dict[str, Any] = {
        "id": span.span_id,
        "parent": span.parent_id,
        "name": name,
        "kind": _KINDS[span.kind],
        "start": span.start,
        "end": span.end,
        "error": error,
        "about": about,
    }
    if span.links:
        found["links"] = span.links[:MOST_LINKS]
    return found


def _packed(found: dict[str, Any]) -> bytes:
    """The document as JSON; one that is too long loses its details, never its place in the tree."""
    text = orjson.dumps(found)
    if len(text) <= LONGEST:
        return text
    return orjson.dumps(
        {**found, "name": found["name"][:200], "error": found["error"][:200], "about": {}, "events": []}
    )


def grouped(spans: Sequence[LiveSpan]) -> dict[str, Group]:
    """A batch of finished spans by trace."""
    groups: dict[str, Group] = {}
    for span in spans:
        started = span.start // 1_000_000
        group = groups.get(span.trace_id)
        if group is None:
            group = groups[span.trace_id] = Group(at=started)
        group.keep = group.keep or bool(span.error)
        is_entry = not span.parent_id or span.remote or span.kind in _DOORS
        names_it = is_entry and (group.facts is None or started <= group.at)
        if names_it or len(group.items) < MOST:  # what a trace has no room for need not be written down
            found = _document(span)
            group.items.append(_packed(found))
            if names_it:
                group.facts = _facts(found)
                group.keep = group.keep or group.facts["ms"] > SLOW_TRACE_MS
        group.at = min(group.at, started)
    return groups


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    about = entry["about"]
    return {
        "name": entry["name"][:200],
        "start": entry["start"],
        "ms": round((entry["end"] - entry["start"]) / 1e6, 2),
        "error": entry["error"][:120],
        "tenant": about.get("rustok.tenant", ""),
        "route": about.get("http.route", ""),
        "status": about.get("http.response.status_code", 0),
        "request": about.get("rustok.request_id", ""),
    }
