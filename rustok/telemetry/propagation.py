"""The headers of a trace, in and out: `traceparent`, `tracestate`, `baggage`.

Headers follow https://www.w3.org/TR/trace-context-2/: a bad `traceparent` starts a new trace, a bad `tracestate` is
dropped as a whole. Own parser: OpenTelemetry's drops legal keys (`foo@`, several `@`, 256 characters; trap 46).
Baggage follows https://www.w3.org/TR/baggage/ and is passed on, never read; it survives a restart of the trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rustok import context
from rustok.context import UNTRACED, Trace

HEADERS: Final = ("traceparent", "tracestate", "baggage")
MAX_BAGGAGE_BYTES: Final = 8192  # what a platform must pass on at least (W3C Baggage, section 3.3.2), and we at most
MAX_BAGGAGE_MEMBERS: Final = 64
_MAX_MEMBERS: Final = 32
_OWS: Final = " \t"
_TRACEPARENT: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<rest>-.*)?",
    re.DOTALL,
)
_MEMBER: Final = re.compile(
    r"(?P<key>[a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 section 5.6.2
_PAIR: Final = _TOKEN + r"[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_BAGGAGE: Final = re.compile(rf"{_PAIR}(?:[ \t]*;[ \t]*(?:{_PAIR}|{_TOKEN}))*")
_SAMPLING: Final = {"bound": 1 << 64}


def sample_ratio(ratio: float) -> None:
    """Sample this share of the traces that begin here; those of callers keep their callers' decision.

    The same rule as OpenTelemetry's `TraceIdRatioBased`: the lower half of the trace id decides.
    """
    _SAMPLING["bound"] = round(ratio * (1 << 64))


def begun(*, baggage: str = "") -> Trace:
    """A new trace, sampled or not."""
    trace = Trace.new(baggage=baggage)
    if int(trace.trace_id[16:], 16) < _SAMPLING["bound"]:
        return trace
    return Trace(trace.trace_id, trace.span_id, sampled=False, baggage=baggage)


@lru_cache(maxsize=1_024)
def parse_traceparent(value: str) -> Trace | None:
    """The trace that a header names, or None when the header is not valid (section 3.2).

    White space around it is no part of a field's value (RFC 9110 section 5.5; the W3C's suite goes on too):
    servers take it away, and so do we, for headers that came with a message. A version above 00 may carry more fields
    behind a dash; version ff, and ids of only zeros, are not valid.
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


def parse_baggage(value: str) -> str:
    """The list without its malformed members and cut to 64 members and 8,192 bytes, whole members only."""
    kept: list[str] = []
    size = 0
    for raw in value.split(",", 4 * MAX_BAGGAGE_MEMBERS):
        member = raw.strip(_OWS)
        if len(member) > MAX_BAGGAGE_BYTES or _BAGGAGE.fullmatch(member) is None:
            continue
        size += len(member) + bool(kept)
        if size > MAX_BAGGAGE_BYTES or len(kept) == MAX_BAGGAGE_MEMBERS:
            break
        kept.append(member)
    return ",".join(kept)


def received(headers: Mapping[str, str]) -> Trace | None:
    """The caller's own span, or None without a valid `traceparent`. Header names are looked up in lower case."""
    parent = parse_traceparent(headers.get("traceparent") or "")
    if parent is None:
        return None
    state, baggage = headers.get("tracestate"), headers.get("baggage")
    if not state and not baggage:
        return parent
    return Trace(
        parent.trace_id,
        parent.span_id,
        sampled=parent.sampled,
        random=parent.random,
        tracestate=parse_tracestate(state) if state else "",
        baggage=parse_baggage(baggage) if baggage else "",
    )


def continued(headers: Mapping[str, str]) -> Trace:
    """The trace to work in: a child of the caller's, or a new root. Header names are looked up in lower case.

    >>> continued({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}).trace_id[:4]
    'aaaa'
    """
    parent = received(headers)
    if parent is not None:
        return parent.child()
    baggage = headers.get("baggage")
    return begun(baggage=parse_baggage(baggage) if baggage else "")


def headers_of(trace: Trace) -> dict[str, str]:
    """The headers that say "in this span"; none for no trace."""
    if trace is UNTRACED or not trace.trace_id.strip("0"):
        return {}
    headers = {"traceparent": trace.traceparent}
    if trace.tracestate:
        headers["tracestate"] = trace.tracestate
    if trace.baggage:
        headers["baggage"] = trace.baggage
    return headers


def outgoing_headers() -> dict[str, str]:
    """The headers of a call to somebody else: the active trace, or nothing outside one."""
    return headers_of(context.current().trace)
