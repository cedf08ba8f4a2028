"""Pictures of the dashboards, as data: one chart knows its numbers, its colours, its words and its table.

Drawn in the browser by the Chart.js that Unfold ships; the same numbers stand beside it as a table and in a sentence,
so that nobody needs the picture. Nothing here reads the database.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise

# Distinct in lightness too, so that they can be told apart without colour; each is 3 to 1 on both surfaces.
PALETTE: Final = ("#3b76ff", "#0d9488", "#c2710c", "#9a5bd6", "#d6456b", "#6b7280")
_AXIS: Final = "#7b8494"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; numbers stand right."""

    text: Any
    number: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column's heading."""

    title: Text
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; the first cell of a row names it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: Text = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of bars."""

    label: Text
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture over labels. `kind` is line, bar, stacked, ranking (lying bars) or doughnut; `unit` follows numbers."""

    title: Text
    kind: str
    labels: Sequence[str]
    series: Sequence[Series]
    label_title: Text
    unit: str = ""
    decimals: int = 0
    colours: Sequence[str] = field(default=PALETTE)

    @property
    def data_type(self) -> str:
        """Chart.js's name of the kind."""
        return "bar" if self.kind in {"ranking", "stacked"} else self.kind

    @property
    def data_json(self) -> str:
        """The `data` object of Chart.js."""
        sets = [self._dataset(position, series) for position, series in enumerate(self.series)]
        return json.dumps({"labels": [str(label) for label in self.labels], "datasets": sets}, ensure_ascii=False)

    @property
    def options_json(self) -> str:
        """The `options` object of Chart.js."""
        options: dict[str, Any] = {
            "animation": False,
            "responsive": True,
            "maintainAspectRatio": False,
            "interaction": {"mode": "index", "intersect": False},
            "plugins": {"legend": {"display": False}},
        }
        if self.kind == "doughnut":
            return json.dumps(options | {"cutout": "68%", "interaction": {"mode": "nearest"}})
        values, names = ("x", "y") if self.kind == "ranking" else ("y", "x")
        options["scales"] = {values: _value_axis(self.decimals), names: _name_axis(lying=self.kind == "ranking")}
        if self.kind == "stacked":
            for axis in options["scales"].values():
                axis["stacked"] = True
        if self.kind == "ranking":
            options |= {"indexAxis": "y", "interaction": {"mode": "nearest", "intersect": False, "axis": "y"}}
        return json.dumps(options)

    @property
    def legend(self) -> list[dict[str, str]]:
        """What the colours mean, where there is more than one."""
        if self.kind == "doughnut":
            pairs = zip(self.labels, self.series[0].values, strict=True)
            return [
                {"label": f"{label}: {self.written(value)}", "colour": self._colour(position)}
                for position, (label, value) in enumerate(pairs)
            ]
        if len(self.series) < 2:
            return []
        return [{"label": str(line.label), "colour": self._colour(i)} for i, line in enumerate(self.series)]

    @property
    def summary(self) -> str:
        """One sentence for those who cannot see the picture."""
        parts = [
            _("%(series)s: total %(total)s, highest %(highest)s (%(label)s)")
            % {
                "series": series.label,
                "total": self.written(sum(series.values)),
                "highest": self.written(max(series.values)),
                "label": self.labels[max(range(len(series.values)), key=series.values.__getitem__)],
            }
            for series in self.series
            if series.values
        ]
        return f"{self.title}. " + "; ".join(parts)

    @property
    def table(self) -> Table:
        """The same numbers as text."""
        columns = [Column(self.label_title), *(Column(series.label, number=True) for series in self.series)]
        rows = [
            [Cell(label), *(Cell(self.written(series.values[i]), number=True) for series in self.series)]
            for i, label in enumerate(self.labels)
        ]
        return Table(columns=columns, rows=rows, caption=self.title)

    def written(self, value: float) -> str:
        """A number with its unit."""
        text = f"{value:,.{self.decimals}f}".replace(",", "\u00a0")
        return f"{text}\u00a0{self.unit}" if self.unit else text

    def _colour(self, position: int) -> str:
        return self.colours[position % len(self.colours)]

    def _dataset(self, position: int, series: Series) -> dict[str, Any]:
        found: dict[str, Any] = {"label": str(series.label), "data": list(series.values)}
        colour = self._colour(position)
        if self.kind == "doughnut":
            paint = [self._colour(i) for i in range(len(series.values))]
            return found | {"backgroundColor": paint, "borderWidth": 0}
        if self.kind == "line":
            line = {"borderColor": colour, "backgroundColor": f"{colour}22", "fill": True, "tension": 0.3}
            return found | line | {"pointRadius": 0, "pointHitRadius": 12, "borderWidth": 2}
        return found | {
            "backgroundColor": colour,
            "borderRadius": 1 if self.kind == "stacked" else 4,
            "maxBarThickness": 28,
        }


def _value_axis(decimals: int) -> dict[str, Any]:
    ticks: dict[str, Any] = {"color": _AXIS, "maxTicksLimit": 5}
    if decimals == 0:
        ticks["precision"] = 0
    return {"beginAtZero": True, "border": {"display": False}, "ticks": ticks, "grid": {"lineWidth": 0.5}}


def _name_axis(*, lying: bool) -> dict[str, Any]:
    ticks = {"color": _AXIS, "autoSkip": not lying, "maxTicksLimit": 20 if lying else 8, "maxRotation": 0}
    return {"border": {"display": False}, "ticks": ticks, "grid": {"display": False}}
