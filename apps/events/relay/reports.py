"""What turns and rounds report: counters for logs, commands and tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One turn: events taken, streams set aside, events given up, destination paused."""

    delivered: int = 0
    parked: int = 0
    dead: int = 0
    paused: bool = False


@dataclass(slots=True)
class RelayReport:
    """Many steps and turns together."""

    numbered: int = 0
    turns: int = 0
    delivered: int = 0
    parked: int = 0
    dead: int = 0
    lost_leases: int = 0
    left_over: bool = False

    def add(self, turn: TurnReport) -> None:
        """Count one turn in."""
        self.turns += 1
        self.delivered += turn.delivered
        self.parked += turn.parked
        self.dead += turn.dead
