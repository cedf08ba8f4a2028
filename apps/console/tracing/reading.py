"""What the installation's ring holds, as far as the person may see it: operators all of it, a shop's staff its own.

A client chooses its own trace ids, so spans of two shops may stand in one trace: each of them is judged alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import redis

from rustok import context
from rustok.telemetry import ring

LISTED: Final = 100
"""Traces on one page; narrower questions show older ones."""
_ERRORS: Final = frozenset({"error", "critical"})


class BufferAway(Exception):
    """Valkey does not answer: there is nothing to show right now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """One trace in the list. `milliseconds` is what its first span took."""

    trace_id: str
    name: str
    at: datetime
    milliseconds: float
    error: str
    tenant: str
    status: int
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which traces: all given conditions hold."""

    text: str = ""
    tenant: str = ""
    slower: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log."""

    at: str
    level: str
    event: str
    facts: Mapping[str, Any]

    @property
    def is_error(self) -> bool:
        """Whether it tells of something that went wrong."""
        return self.level in _ERRORS


def rows(asked: Asked, *, limit: int = LISTED) -> list[TraceRow]:
    """The newest traces that fit, newest first. Raises BufferAway. One round trip, at most the whole ring's facts."""
    shop = _shop()
    try:
        known = ring.traces().facts()
    except redis.RedisError as error:
        raise BufferAway from error
    found = [_row(trace_id, facts) for trace_id, facts in known.items()]
    fitting = [row for row in found if _fits(row, asked) and (shop is None or row.tenant == shop)]
    return sorted(fitting, key=lambda row: row.at, reverse=True)[:limit]


def spans(trace_id: str) -> list[dict[str, Any]]:
    """The spans of a trace, in order of their begin. Raises BufferAway."""
    try:
        found = _decoded(ring.traces().items(trace_id))
    except redis.RedisError as error:
        raise BufferAway from error
    shop = _shop()
    mine = [one for one in found if shop is None or one.get("about", {}).get("rustok.tenant") == shop]
    return sorted(mine, key=lambda one: (one["start"], one["end"]))


def lines(trace_id: str) -> list[LogLine]:
    """The log lines of a trace, oldest first. Raises BufferAway."""
    try:
        found = _decoded(ring.lines().items(trace_id))
    except redis.RedisError as error:
        raise BufferAway from error
    shop = _shop()
    mine = [_line(one) for one in found if shop is None or one.get("tenant") == shop]
    return sorted(mine, key=lambda line: line.at)


def trace_of_request(request_id: str) -> list[str]:
    """The ids of the traces that a request with this id has begun. Raises BufferAway."""
    return [row.trace_id for row in rows(Asked(), limit=1_000_000) if row.request == request_id]


def _shop() -> str | None:
    """The slug that everything must have, or None for operators."""
    here = context.current()
    return here.tenant.slug if here.tenant is not None else None


def _decoded(items: list[bytes]) -> list[dict[str, Any]]:
    found = []
    for item in items:
        with suppress(orjson.JSONDecodeError):
            found.append(orjson.loads(item))
    return found


def _row(trace_id: str, facts: dict[str, Any]) -> TraceRow:
    return TraceRow(
        trace_id=trace_id,
        name=facts["name"],
        at=datetime.fromtimestamp(facts["start"] / 1e9, tz=UTC),
        milliseconds=facts["ms"],
        error=facts["error"],
        tenant=facts["tenant"],
        status=facts["status"],
        request=facts["request"],
    )


def _fits(row: TraceRow, asked: Asked) -> bool:
    text = asked.text.lower()
    return (
        (not text or text in row.name.lower() or row.trace_id.startswith(text) or row.request == asked.text)
        and (not asked.tenant or row.tenant == asked.tenant)
        and row.milliseconds >= asked.slower
        and (not asked.failed or bool(row.error))
    )


def _line(found: dict[str, Any]) -> LogLine:
    known = {"timestamp", "level", "event", "trace_id"}
    facts = {name: value for name, value in found.items() if name not in known and value is not None}
    return LogLine(
        at=str(found.get("timestamp", "")), level=str(found.get("level", "")), event=str(found.get("event", "")),
        facts=facts,
    )  # fmt: skip
