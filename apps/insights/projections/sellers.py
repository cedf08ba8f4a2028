"""Pieces and revenue per SKU, day and currency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import UUID

from apps.events.projections import Table, TableProjection
from apps.events.records import StoredEvent
from apps.insights.projections.orders import CANCELLED, PLACED, changes
from apps.insights.projections.tally import Shape, Take, Tally

SHAPE: Final = Shape(
    "insights_productday",
    key={"day": "date", "currency": "text", "sku": "text"},
    values={
        "name": ("text", Take.LATEST),
        "quantity": ("bigint", Take.SUM),
        "revenue": ("bigint", Take.SUM),
        "position": ("bigint", Take.GREATEST),
    },
)


class BestSellers(TableProjection):
    """Rows of `ProductDay`."""

    name: ClassVar[str] = "best_sellers"
    handles: ClassVar[tuple[str, ...]] = (PLACED, CANCELLED)
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """At most two statements; a cancelled order takes its lines back."""
        tally = Tally(SHAPE)
        for change in changes(batch):
            sign = 1 if change.orders else -1
            day, currency = change.day, change.data["currency"]
            for line in change.data["lines"]:
                tally.add(
                    day,
                    currency,
                    line["sku"],
                    name=line["name"],
                    quantity=sign * line["quantity"],
                    revenue=sign * line["total"],
                    position=change.event.position,
                )
        tally.write(build)
