"""One search box: what belongs to an id, wherever it is kept. Each kind of find needs its own permission.

An id may be a trace's (or a whole `traceparent`), a request's, an event's, an order's (or its number), or of anything
that the audit log names. What is found leads to traces, and a trace leads to its log lines, errors, deeds and facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.console.tracing import reading
from apps.events import queries as events
from apps.events.records import StoredEvent
from apps.orders import queries as orders
from apps.security import queries as security
from rustok import context
from rustok.display import moment
from rustok.errors.families import NotFound
from rustok.telemetry.propagation import parse_traceparent

LONGEST: Final = 200
TRACES: Final = 10  # traces that one search follows
SHOWN: Final = 50  # finds of one kind
_HEX: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One find and where it leads."""

    title: str
    detail: str
    url: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """The finds of one kind."""

    name: str
    title: str
    hits: Sequence[Hit]


@dataclass(slots=True)
class _Trail:
    """What is known so far while one search runs."""

    text: str
    traces: list[str] = field(default_factory=list)
    events: dict[UUID, StoredEvent] = field(default_factory=dict)
    orders: dict[UUID, str] = field(default_factory=dict)
    away: bool = False

    def follow(self, trace_id: str) -> None:
        if _HEX.fullmatch(trace_id) and trace_id not in self.traces and len(self.traces) < TRACES:
            self.traces.append(trace_id)

    def meet(self, found: Iterable[StoredEvent]) -> None:
        for event in found:
            self.events[event.id] = event
            parent = parse_traceparent(event.metadata.get("traceparent", ""))
            if parent is not None:
                self.follow(parent.trace_id)


def find(text: str) -> list[Kind]:
    """Everything that belongs to the id in the current scope, as far as the person may see it; empty for nothing.

    Costs a bounded number of statements and of round trips to the buffer, whatever the text.
    """
    trail = _Trail(text.strip()[:LONGEST])
    if not trail.text:
        return []
    _resolve(trail)
    kinds = [
        Kind("order", _("Orders"), _order_hits(trail)),
        Kind("trace", _("Traces"), _trace_hits(trail)),
        Kind("error", _("Errors"), _line_hits(trail, errors=True)),
        Kind("event", _("Events"), _event_hits(trail)),
        Kind("audit", _("Audit log"), _audit_hits(trail)),
        Kind("line", _("Log lines"), _line_hits(trail, errors=False)),
    ]
    return [kind for kind in kinds if kind.hits]


def _resolve(trail: _Trail) -> None:
    text, here = trail.text, context.current()
    parent = parse_traceparent(text.lower())
    plain = parent.trace_id if parent is not None else text.lower()
    trail.follow(plain)
    if here.allows("trace:read"):
        try:
            for trace_id in reading.trace_of_request(text):
                trail.follow(trace_id)
        except reading.BufferAway:
            trail.away = True
    key = _uuid(text)
    if here.tenant is not None and here.allows("order:read"):
        _resolve_order(trail, key)
    if here.allows("event:read"):
        if key is not None and (event := events.find_event(key)) is not None:
            trail.meet([event])
        for order_id in list(trail.orders):
            trail.meet(events.events_of_stream(f"order-{order_id}", limit=SHOWN))
        trail.meet(events.events_told_with([text, *trail.traces], limit=SHOWN))


def _resolve_order(trail: _Trail, key: UUID | None) -> None:
    if key is None:
        order = orders.find_order_by_number(trail.text)
    else:
        try:
            order = orders.get_order(key)
        except NotFound:
            order = None
    if order is not None:
        trail.orders[order.pk] = order.number


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _order_hits(trail: _Trail) -> list[Hit]:
    return [
        Hit(number, str(key), reverse("admin:orders_order_change", args=[key])) for key, number in trail.orders.items()
    ]


def _trace_hits(trail: _Trail) -> list[Hit]:
    if trail.away or not context.current().allows("trace:read"):
        return []
    hits = []
    for trace_id in trail.traces:
        spans = reading.spans(trace_id)
        if spans:
            detail = _("%(count)s spans: %(name)s") % {"count": len(spans), "name": spans[0]["name"]}
            hits.append(Hit(trace_id, detail, reverse("admin:trace", args=[trace_id])))
    return hits


def _line_hits(trail: _Trail, *, errors: bool) -> list[Hit]:
    if trail.away or not context.current().allows("trace:read"):
        return []
    return [
        Hit(line.event, _facts(line.facts), f"{reverse('admin:trace', args=[trace_id])}#lines", line.at)
        for trace_id in trail.traces
        for line in reading.lines(trace_id)
        if line.is_error or not errors
    ][:SHOWN]


def _facts(facts: Any) -> str:
    skipped = {"request_id", "tenant", "exception"}
    return " ".join(f"{name}={value}" for name, value in facts.items() if name not in skipped)[:300]


def _event_hits(trail: _Trail) -> list[Hit]:
    found = sorted(trail.events.values(), key=lambda event: event.position)[:SHOWN]
    page = "admin:events_event_change"
    return [
        Hit(event.wire_type, event.stream, reverse(page, args=[event.id]), moment(event.recorded_at)) for event in found
    ]


def _audit_hits(trail: _Trail) -> list[Hit]:
    if not context.current().allows("audit:read"):
        return []
    targets = [trail.text, *map(str, trail.orders)]
    return [
        Hit(
            entry.action,
            f"{entry.actor} · {entry.target}",
            reverse("admin:security_auditentry_change", args=[entry.pk]),
            moment(entry.occurred_at),
        )
        for entry in security.audit_of(trace_ids=trail.traces, targets=targets, limit=SHOWN)
    ]
