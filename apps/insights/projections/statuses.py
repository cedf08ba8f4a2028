"""How many orders are in each status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import UUID

from apps.events.projections import Table, TableProjection
from apps.events.projections.stories import data_of
from apps.events.records import StoredEvent
from apps.insights.projections.orders import CANCELLED
from apps.insights.projections.tally import Shape, Take, Tally

SHAPE: Final = Shape("insights_statuscount", key={"status": "text"}, values={"orders": ("bigint", Take.SUM)})
# Where an order is after a fact, and where it was before: one way leads to each status; a cancellation names its own.
_MOVES: Final = {
    "orders.order_placed": ("pending", None),
    "orders.order_confirmed": ("confirmed", "pending"),
    "orders.order_paid": ("paid", "confirmed"),
    "orders.order_shipped": ("shipped", "paid"),
    "orders.order_delivered": ("delivered", "shipped"),
}


class OrdersByStatus(TableProjection):
    """Rows of `StatusCount`."""

    name: ClassVar[str] = "orders_by_status"
    handles: ClassVar[tuple[str, ...]] = (*_MOVES, CANCELLED)
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """At most one statement."""
        tally = Tally(SHAPE)
        for event in batch:
            after, before = _MOVES.get(event.type) or ("cancelled", data_of(event)["previous"])
            tally.add(after, orders=1)
            if before is not None:
                tally.add(before, orders=-1)
        tally.write(build)
