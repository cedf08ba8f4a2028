"""The picture of a trace: its spans as a tree, each with a bar on one time axis. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 1000.0
"""The axis in units of the drawing."""
_LEAST: Final = 4.0
_DEEP: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One span. `left` and `width` are units of the drawing, `depth` its level in the tree."""

    span_id: str
    name: str
    kind: str
    depth: int
    left: float
    width: float
    starts_ms: float
    milliseconds: float
    error: str
    about: Sequence[tuple[str, str]]
    links: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A whole trace. `milliseconds` go from the first begin to the last end."""

    bars: Sequence[Bar]
    milliseconds: float
    tenants: Sequence[str]
    errors: int


def waterfall(spans: Sequence[Mapping[str, Any]]) -> Waterfall | None:
    """The drawing of spans (`rustok.telemetry.spans.document`), parents before children; None without any.

    A span whose parent is not known (it is on its way, or another system's) stands at the top.
    """
    if not spans:
        return None
    first = min(span["start"] for span in spans)
    length = max(max(span["end"] for span in spans) - first, 1)
    bars = [_bar(span, depth, first, length) for span, depth in _tree(spans)]
    tenants = sorted({tenant for span in spans if (tenant := str(span["about"].get("rustok.tenant", "")))})
    errors = sum(bool(bar.error) for bar in bars)
    return Waterfall(bars=bars, milliseconds=round(length / 1e6, 2), tenants=tenants, errors=errors)


def _tree(spans: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    children: dict[str, list[Mapping[str, Any]]] = {}
    known = {span["id"] for span in spans}
    for span in sorted(spans, key=lambda span: (span["start"], -span["end"])):
        children.setdefault(span["parent"] if span["parent"] in known else "", []).append(span)
    ordered: list[tuple[Mapping[str, Any], int]] = []
    waiting = [(span, 0) for span in reversed(children.get("", []))]
    seen: set[str] = set()
    while waiting:
        span, depth = waiting.pop()
        if span["id"] in seen:
            continue
        seen.add(span["id"])
        ordered.append((span, min(depth, _DEEP)))
        waiting += [(child, depth + 1) for child in reversed(children.get(span["id"], []))]
    return ordered


def _bar(span: Mapping[str, Any], depth: int, first: int, length: int) -> Bar:
    left = (span["start"] - first) / length * WIDTH
    width = max((span["end"] - span["start"]) / length * WIDTH, _LEAST)
    return Bar(
        span_id=span["id"],
        name=span["name"],
        kind=span["kind"],
        depth=depth,
        left=round(min(left, WIDTH - _LEAST), 1),
        width=round(min(width, WIDTH - min(left, WIDTH - _LEAST)), 1),
        starts_ms=round((span["start"] - first) / 1e6, 2),
        milliseconds=round((span["end"] - span["start"]) / 1e6, 2),
        error=span["error"],
        about=sorted((str(name), str(value)) for name, value in span["about"].items()),
        links=[trace_id for trace_id, _span_id in span.get("links", ())],
    )
