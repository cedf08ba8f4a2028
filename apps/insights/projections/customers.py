"""What each customer's orders add up to, per currency. Orders without a customer count for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import UUID

from apps.events.projections import Table, TableProjection
from apps.events.records import StoredEvent
from apps.insights.projections.orders import MONEY, changes
from apps.insights.projections.sales import SUMS
from apps.insights.projections.tally import Shape, Take, Tally

SHAPE: Final = Shape(
    "insights_customervalue",
    key={"customer_id": "uuid", "currency": "text"},
    values=dict.fromkeys(SUMS, ("bigint", Take.SUM))
    | {"first_order_at": ("timestamptz", Take.LEAST), "last_order_at": ("timestamptz", Take.GREATEST)},
)


class CustomerValues(TableProjection):
    """Rows of `CustomerValue`."""

    name: ClassVar[str] = "customer_value"
    handles: ClassVar[tuple[str, ...]] = MONEY
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """At most two statements."""
        tally = Tally(SHAPE)
        for change in changes(batch):
            customer = change.data["customer_id"]
            if customer is not None:
                at = change.placed_at
                tally.add(UUID(customer), change.data["currency"], **change.sums, first_order_at=at, last_order_at=at)
        tally.write(build)
