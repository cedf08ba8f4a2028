"""W3C Trace Context in and out, and spans by decorator.

Headers follow https://www.w3.org/TR/trace-context-2/: a bad `traceparent` starts a new trace, a bad `tracestate` is
dropped as a whole. Own parser: OpenTelemetry's drops legal keys (`foo@`, several `@`, 256 characters).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from rustok import context
from rustok.context import Trace
from rustok.telemetry.logging import log_event

P = ParamSpec("P")
R = TypeVar("R")

SLOW_SPAN_SECONDS: Final = 1.0
_MAX_MEMBERS: Final = 32
_OWS: Final = " \t"
_TRACEPARENT: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<rest>-.*)?",
    re.DOTALL,
)
_MEMBER: Final = re.compile(
    r"(?P<key>[a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


def parse_traceparent(value: str) -> Trace | None:
    """The trace that a header names, or None when the header is not valid (section 3.2).

    A version above 00 may carry more fields behind a dash; version ff, and ids of only zeros, are not valid.
    """
    match = _TRACEPARENT.fullmatch(value.strip(_OWS))
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["rest"]):
        return None
    if not match["trace"].strip("0") or not match["span"].strip("0"):
        return None
    flags = int(match["flags"], 16)
    return Trace(match["trace"], match["span"], sampled=bool(flags & 0x01), random=bool(flags & 0x02))


def parse_tracestate(value: str) -> str:
    """The list in normal form (no white space, no empty members, first of equal keys), or "" when it is not valid.

    Section 3.3: at most 32 members. Several header lines are joined with commas before they come here.
    """
    members: dict[str, str] = {}
    for raw in value.split(","):
        member = raw.strip(_OWS)
        if not member:
            continue
        match = _MEMBER.fullmatch(member)
        if match is None or len(members) == _MAX_MEMBERS:
            return ""
        members.setdefault(match["key"], member)
    return ",".join(members.values())


def continued(headers: Mapping[str, str]) -> Trace:
    """The trace to work in: a child of the caller's, or a new root. Header names are looked up in lower case.

    >>> continued({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}).trace_id[:4]
    'aaaa'
    """
    parent = parse_traceparent(headers.get("traceparent", ""))
    if parent is None:
        return Trace.new()
    state = parse_tracestate(headers.get("tracestate", ""))
    child = parent.child()
    return Trace(child.trace_id, child.span_id, sampled=child.sampled, random=child.random, tracestate=state)


def outgoing_headers() -> dict[str, str]:
    """The headers of a call to somebody else: the active trace, or nothing outside one."""
    here = context.current().trace
    if not here.trace_id.strip("0"):
        return {}
    headers = {"traceparent": here.traceparent}
    if here.tracestate:
        headers["tracestate"] = here.tracestate
    return headers


@contextmanager
def span(name: str, **facts: Any) -> Iterator[Trace]:
    """A piece of work with a span id of its own. It is logged when it fails or takes longer than a second.

    Costs about five microseconds. Exporting to a collector is not its business.
    """
    started = time.perf_counter()
    with context.amended(trace=context.current().trace.child()) as here:
        try:
            yield here.trace
        except Exception as error:
            _finished("span.failed", name, started, error=type(error).__name__, **facts)
            raise
        if time.perf_counter() - started > SLOW_SPAN_SECONDS:
            _finished("span.slow", name, started, **facts)


def _finished(event: str, name: str, started: float, **facts: Any) -> None:
    took = round((time.perf_counter() - started) * 1000, 1)
    log_event(event, level=logging.WARNING, span=name, duration_ms=took, **facts)


def traced(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run every call of the function in a `span` of this name, as in `@traced("orders.create_order")`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name):
                return function(*args, **kwargs)

        return wrapper

    return decorate
