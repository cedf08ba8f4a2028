"""What a scenario states: one line per check, with the fact that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One check. `fact` is the number or text that was seen, `wanted` what it had to be."""

    check: str
    fact: Any
    wanted: str
    kept: bool

    def row(self) -> dict[str, Any]:
        """The line of the table."""
        return {"kept": self.kept, "check": self.check, "seen": str(self.fact), "wanted": self.wanted}


def nothing(check: str, offenders: list[Any]) -> Finding:
    """A check that is kept when the list is empty; shows how many and the first few."""
    fact = "0" if not offenders else f"{len(offenders)}: {', '.join(map(str, offenders[:3]))}"
    return Finding(check, fact, "0", not offenders)


def exactly(check: str, fact: Any, wanted: Any) -> Finding:
    """A check of equality."""
    return Finding(check, fact, str(wanted), fact == wanted)


def at_most(check: str, fact: float, limit: float) -> Finding:
    """A check of a bound."""
    return Finding(check, f"{fact:.1f}", f"<= {limit:g}", fact <= limit)


def at_least(check: str, fact: float, limit: float) -> Finding:
    """A check of the other bound."""
    return Finding(check, f"{fact:.2f}", f">= {limit:g}", fact >= limit)
