"""The parts of a dashboard: numbers on top, panels below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.console.charts import Chart, Table, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One figure with its meaning."""

    label: Text
    value: Any
    icon: str
    hint: Text = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A card with a chart or a table; `span` is its width in twelfths on a wide screen."""

    name: str
    title: Text
    chart: Chart | None = None
    table: Table | None = None
    span: int = 6
    hint: Text = ""
    link: str = ""
    link_text: Text = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw yet."""
        if self.chart is not None:
            return not any(any(series.values) for series in self.chart.series)
        return self.table is None or not self.table.rows


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the first page shows. `note` says how new the numbers are."""

    numbers: Sequence[Number]
    panels: Sequence[Panel]
    note: Text = ""
