"""What a benchmark is given and gives back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.tables import table


@dataclass(frozen=True)
class Options:
    """Wishes from the command line. `quick` is a smoke run: seconds instead of minutes, numbers that prove nothing."""

    quick: bool = False
    rate: float = 20.0
    seconds: float = 60.0
    runs: int = 3


@dataclass(frozen=True)
class Check:
    """A promised limit: `value` must not exceed `limit`."""

    name: str
    value: float
    limit: float

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.value <= self.limit


@dataclass
class Result:
    """Rows for the table, promised limits, and whatever else belongs into the JSON."""

    title: str
    rows: list[dict[str, Any]]
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The result for people."""
        lines = [table(self.rows, title=f"\n{self.title}")]
        lines += [
            f"{'kept  ' if c.kept else 'BROKEN'}  {c.name}: {c.value:.3g} (limit {c.limit:g})" for c in self.checks
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The result for programs."""
        checks = [asdict(check) | {"kept": check.kept} for check in self.checks]
        return {"title": self.title, "rows": self.rows, "checks": checks, "facts": self.facts}


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile (`share` in 0..1) of unsorted values; NaN without any."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
