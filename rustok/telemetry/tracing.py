"""Spans: named pieces of work inside a trace. `with span("orders.import")` and `@traced("orders.create_order")`.

A span is recorded where the trace is sampled and somebody wants spans (`provider`); elsewhere it costs about two
microseconds and does nothing. The headers of a trace are read and written by `propagation`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from functools import wraps
from random import getrandbits
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar

from opentelemetry.trace import SpanKind

from rustok import context
from rustok.context import ExecutionContext, Trace
from rustok.errors import DomainError
from rustok.telemetry import provider
from rustok.telemetry.logging import log_event
from rustok.telemetry.propagation import continued, outgoing_headers, parse_traceparent, parse_tracestate
from rustok.telemetry.redaction import redact_text
from rustok.telemetry.spans import LiveSpan

__all__ = [
    "Kind", "continued", "note", "outgoing_headers", "parse_traceparent", "parse_tracestate", "span", "took", "traced",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
Kind = SpanKind
"""Server and consumer take work in, client and producer send it out, internal does neither (OpenTelemetry's word)."""

SLOW_SPAN_SECONDS: Final = 1.0
_NOTHING: Final[Mapping[str, Any]] = {}
_active: Final[ContextVar[LiveSpan | None]] = ContextVar("rustok_span", default=None)


class span:  # noqa: N801 - reads as a verb where it is used
    """A piece of work with a span id of its own. A defect in it, or more than a second, is logged as well.

    `about` and the facts become its attributes (see OpenTelemetry's semantic conventions for names with dots). `door`:
    the work comes from outside, so the span belongs to the caller's, not to the active one. `links` name other traces
    that it works for. As a block it makes its trace the active one; `open` and `close` are for work that is no block.
    """

    __slots__ = ("_about", "_before", "_door", "_facts", "_kind", "_links", "_live", "_name", "_started", "_token")

    def __init__(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        about: Mapping[str, Any] = _NOTHING,
        links: Sequence[Trace] = (),
        door: bool = False,
        **facts: Any,
    ) -> None:
        """Nothing begins yet."""
        self._name, self._kind, self._about, self._links = name, kind, about, links
        self._door, self._facts = door, facts
        self._live: LiveSpan | None = None
        self._token: Token[ExecutionContext] | None = None
        self._before: Token[LiveSpan | None] | None = None
        self._started = 0.0

    def __enter__(self) -> Trace:
        """Begin, and make the span's trace the active one."""
        here = context.current()
        trace = self.open(here.trace)
        if self._live is not None:
            self._token = context.enter(here.within(trace))
            self._before = _active.set(self._live)
        return trace

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End, and restore the trace that was active before."""
        if self._before is not None and self._token is not None:
            _active.reset(self._before)
            context.leave(self._token)
        self.close(error)

    def open(self, trace: Trace, *, at: int | None = None) -> Trace:
        """Begin in `trace` and return the trace as it is inside the span. `at`: nanoseconds since 1970, else now."""
        self._started = time.perf_counter()
        if not trace.sampled or not provider.is_on():
            return trace
        tenant = context.current().tenant
        live = self._live = LiveSpan(
            trace.trace_id,
            f"{getrandbits(64) or 1:016x}",
            trace.parent_id if self._door else trace.span_id,
            self._name,
            self._kind,
            at or time.time_ns(),
            remote=self._door or self._kind is SpanKind.SERVER or self._kind is SpanKind.CONSUMER,
            about={} if tenant is None else {"rustok.tenant": tenant.slug},
        )
        if self._links:
            live.links = [(other.trace_id, other.span_id) for other in self._links]
        if self._about:
            live.note(self._about)
        if self._facts:
            live.note(self._facts)
        return trace.within(live.span_id)

    def close(self, error: BaseException | None = None, *, at: int | None = None) -> None:
        """End; an error that is no expected refusal makes the span a failed one."""
        if self._live is not None:
            if error is not None:
                _tell(self._live, error)
            self._live.end = at or time.time_ns()
            provider.finished(self._live)
        if self._kind is not SpanKind.INTERNAL:
            return  # doors and calls have log lines and metrics of their own
        if error is not None and not isinstance(error, DomainError):
            self._log("span.failed", error=type(error).__name__)
        elif time.perf_counter() - self._started > SLOW_SPAN_SECONDS and at is None:
            self._log("span.slow")

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it."""
        return self._live is not None

    def note(self, about: Mapping[str, Any]) -> None:
        """Add what became known."""
        if self._live is not None:
            self._live.note(about)

    def rename(self, name: str) -> None:
        """Call it by a better name, once that is known."""
        if self._live is not None:
            self._live.name = name

    def fail(self, reason: str) -> None:
        """Mark it as failed without an exception."""
        if self._live is not None:
            self._live.note({"error.type": reason})
            self._live.error = reason

    def _log(self, event: str, **more: Any) -> None:
        milliseconds = round((time.perf_counter() - self._started) * 1000, 1)
        log_event(event, level=logging.WARNING, span=self._name, duration_ms=milliseconds, **more, **self._facts)


def traced(name: str, *, kind: SpanKind = SpanKind.INTERNAL) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run every call of the function in a `span` of this name, as in `@traced("orders.create_order")`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name, kind=kind):
                return function(*args, **kwargs)

        return wrapper

    return decorate


def note(about: Mapping[str, Any]) -> None:
    """Add facts to the active span, if there is one."""
    live = _active.get()
    if live is not None:
        live.note(about)


def took(name: str, seconds: float, *, kind: SpanKind = SpanKind.INTERNAL, about: Mapping[str, Any] = _NOTHING) -> None:
    """Enter a piece of work of the active span that has just ended: for what is only told when it was slow."""
    trace = context.current().trace
    if not trace.sampled or not provider.is_on():
        return
    ended = time.time_ns()
    past = span(name, kind=kind, about=about)
    past.open(trace, at=ended - int(seconds * 1e9))
    past.close(at=ended)


def _tell(live: LiveSpan, error: BaseException) -> None:
    live.note({"error.type": type(error).__name__})
    if isinstance(error, DomainError):
        live.note({"rustok.error_code": error.code})
        if error.code // 1000 != 5:
            return  # a refusal is an answer; only our own faults are errors (as for Sentry)
    live.error = redact_text(f"{type(error).__name__}: {error}"[:300])
