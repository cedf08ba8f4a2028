"""An aggregate of the eventsourcing library, as its manual writes one. Importable only once the library is."""

from __future__ import annotations

from eventsourcing.domain import Aggregate, event


class Thing(Aggregate):
    """Something that is poked."""

    @event("Made")
    def __init__(self, n: int) -> None:
        """The first event."""
        self.n = n

    @event("Poked")
    def poke(self, n: int) -> None:
        """One more event."""
        self.n = n
