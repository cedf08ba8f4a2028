"""Pictures of health as SVG, drawn on the server: a strip of states with the latency above, and the dependency graph.

Each has a sentence for those who cannot see it. Colours come from the style sheet (`rk-health-…`), so both themes work;
a state is told by shape or pattern too, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.health.graph import Graph
from apps.health.queries import Point
from apps.health.sampler import Status

WIDTH, HEIGHT, STRIP = 240, 44, 10
_HEIGHTS: Final = {Status.PASS: 4, Status.WARN: 7, Status.FAIL: 10}
_ROW, _BOX, _LEFT, _RIGHT, _SPAN = 34, 26, 190, 210, 760
_MARKS: Final = {Status.PASS: "●", Status.WARN: "▲", Status.FAIL: "✕"}


def strip(slots: Sequence[datetime], points: Mapping[datetime, Point], *, label: str) -> SafeString:
    """One check over time: a bar per stretch (taller is worse, none: nobody watched), the average latency as a line."""
    step = WIDTH / max(1, len(slots))
    bars = [
        (round(place * step, 2), HEIGHT - _HEIGHTS[point.status], round(max(step - 0.4, 0.6), 2),
         _HEIGHTS[point.status], point.status.value)
        for place, slot in enumerate(slots)
        if (point := points.get(slot)) is not None
    ]  # fmt: skip
    return format_html(
        '<svg class="rk-strip" viewBox="0 0 {0} {1}" role="img" aria-label="{2}" preserveAspectRatio="none">'
        "{3}{4}</svg>",
        WIDTH,
        HEIGHT,
        f"{label}: {told(points)}",
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" class="rk-health-{}"/>', bars),
        _line(slots, points, step),
    )


def told(points: Mapping[datetime, Point]) -> str:
    """The same in words: share of the time that passed, typical and slowest answer."""
    if not points:
        return _("nothing recorded yet")
    seen = points.values()
    total = sum(point.passed + point.warned + point.failed for point in seen)
    passing = 100 * sum(point.passed for point in seen) / total if total else 0.0
    typical = sorted(point.took_ms for point in seen)[len(points) // 2]
    return _("passes %(share)s %% of the time, typically %(typical)s ms, at most %(worst)s ms") % {
        "share": f"{passing:.4g}",
        "typical": f"{typical:.3g}",
        "worst": f"{max(point.worst_ms for point in seen):.3g}",
    }


def _line(slots: Sequence[datetime], points: Mapping[datetime, Point], step: float) -> SafeString:
    """The latency, broken where nobody watched; the highest point touches the top."""
    top = max((point.took_ms for point in points.values()), default=0.0)
    if top <= 0:
        return SafeString("")
    room = HEIGHT - STRIP - 4
    runs: list[list[str]] = [[]]
    for place, slot in enumerate(slots):
        point = points.get(slot)
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{(place + 0.5) * step:.1f},{2 + room * (1 - point.took_ms / top):.1f}")
    drawn = ((" ".join(run),) for run in runs if len(run) > 1)
    return format_html_join("", '<polyline points="{}" class="rk-health-line"/>', drawn)


def network(graph: Graph) -> SafeString:
    """Surfaces on the left, what they stand on on the right; lines of failing parts are thick and dashed."""
    height = max(len(graph.parts), len(graph.tops)) * _ROW + 12
    left = {top.surface: _place(i, len(graph.tops), height) for i, top in enumerate(graph.tops)}
    right = {part.name: _place(i, len(graph.parts), height) for i, part in enumerate(graph.parts)}
    edges = sorted(
        (part.status is not Status.PASS, left[surface], right[part.name], part.status.value)
        for part in graph.parts
        for surface in part.affects
    )
    lines = [(_curve(near, far), status) for _sick, near, far, status in edges]  # the sick ones on top
    return format_html(
        '<svg class="rk-network" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
        "{3}{4}{5}</svg>",
        _SPAN,
        height,
        summary(graph),
        format_html_join("", '<path d="{}" class="rk-edge rk-edge-{}"/>', lines),
        format_html_join("", "{}", ((_node(0, left[t.surface], _LEFT, t.title, t.status),) for t in graph.tops)),
        format_html_join(
            "", "{}", ((_node(_SPAN - _RIGHT, right[p.name], _RIGHT, p.title, p.status),) for p in graph.parts)
        ),
    )


def summary(graph: Graph) -> str:
    """The graph in a sentence; the table beside it has every line."""
    sick = [part for part in graph.parts if part.status is not Status.PASS]
    if not sick:
        return _("Dependency graph: everything works.")
    hit = [str(top.title) for top in graph.tops if top.status is not Status.PASS]
    return _("Dependency graph: not well are %(parts)s; affected are %(surfaces)s.") % {
        "parts": ", ".join(str(part.title) for part in sick),
        "surfaces": ", ".join(hit),
    }


def _place(position: int, count: int, height: int) -> int:
    return round((position + 0.5) * (height / count))


def _curve(left: int, right: int) -> str:
    near, far = _LEFT, _SPAN - _RIGHT
    middle = (near + far) // 2
    return f"M{near},{left} C{middle},{left} {middle},{right} {far},{right}"


def _node(x: int, y: int, width: int, title: object, status: Status) -> SafeString:
    return format_html(
        '<g class="rk-node rk-node-{5}"><rect x="{0}" y="{1}" width="{2}" height="{3}" rx="6"/>'
        '<text x="{4}" y="{6}">{7} {8}</text></g>',
        x + 1,
        y - _BOX // 2,
        width - 2,
        _BOX,
        x + 10,
        status.value,
        y + 4,
        _MARKS[status],
        title,
    )
