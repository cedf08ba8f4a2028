"""Sales per day and currency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import UUID

from apps.events.projections import Table, TableProjection
from apps.events.records import StoredEvent
from apps.insights.projections.orders import MONEY, changes
from apps.insights.projections.tally import Shape, Take, Tally

SUMS: Final = ("orders", "cancelled_orders", "gross", "cancelled", "refunded", "net")
SHAPE: Final = Shape(
    "insights_salesday",
    key={"day": "date", "currency": "text"},
    values=dict.fromkeys(SUMS, ("bigint", Take.SUM)),
)


class SalesPerDay(TableProjection):
    """Rows of `SalesDay`."""

    name: ClassVar[str] = "sales_per_day"
    handles: ClassVar[tuple[str, ...]] = MONEY
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """At most two statements."""
        tally = Tally(SHAPE)
        for change in changes(batch):
            tally.add(change.day, change.data["currency"], **change.sums)
        tally.write(build)
