"""State machines as one literal table of allowed moves, checked when it is defined."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

from rustok.errors.families import IllegalTransition


class Transitions:
    """The life of one kind of thing.

    ORDER = Transitions("order", initial="pending", table={"pending": {"confirmed", "cancelled"}, ...})

    Refuses at import time a target that is no state, and a state that cannot be reached.
    """

    def __init__(self, machine: str, *, initial: str, table: Mapping[str, Set[str]]) -> None:
        """Check and freeze the table."""
        self.machine = machine
        self.initial = initial
        self.table: Mapping[str, frozenset[str]] = MappingProxyType({s: frozenset(t) for s, t in table.items()})
        self._check_table()

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order of the table."""
        return tuple(self.table)

    @property
    def terminal(self) -> frozenset[str]:
        """States that nothing leaves."""
        return frozenset(state for state, targets in self.table.items() if not targets)

    def allows(self, source: str, target: str) -> bool:
        """Whether the table has this edge."""
        return target in self.table.get(source, frozenset())

    def sources_of(self, target: str) -> tuple[str, ...]:
        """The states from which `target` can be reached in one move."""
        return tuple(state for state in self.table if self.allows(state, target))

    def check(self, source: str, target: str) -> None:
        """Raise `IllegalTransition` unless the move is allowed."""
        if not self.allows(source, target):
            raise IllegalTransition(machine=self.machine, source=source, target=target)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every allowed edge, for database constraints and triggers that repeat the table."""
        return tuple((source, target) for source in self.table for target in sorted(self.table[source]))

    def _check_table(self) -> None:
        known = set(self.table)
        for source, targets in self.table.items():
            if not targets <= known:
                raise ValueError(f"{self.machine}: {source} leads to unknown states {sorted(targets - known)}")
        reached, frontier = {self.initial}, {self.initial}
        while frontier:
            frontier = {target for state in frontier for target in self.table[state]} - reached
            reached |= frontier
        if reached != known:
            raise ValueError(f"{self.machine}: unreachable states {sorted(known - reached)}")
