"""What came to a shelf and left it, per day, SKU, place and kind of movement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from apps.events.projections import Table, TableProjection
from apps.events.projections.stories import data_of, stories
from apps.events.records import StoredEvent
from apps.insights.projections.orders import PLACED, SHIPPED, beginning
from apps.insights.projections.tally import Shape, Take, Tally

CHANGED: Final = "catalog.stock_changed"
SHIP: Final = "ship"
MAIN: Final = "main"  # orders are served from here (`apps.catalog`); the fact of shipping names no place
SHAPE: Final = Shape(
    "insights_stockday",
    key={"day": "date", "sku": "text", "location": "text", "kind": "text"},
    values={
        "movements": ("bigint", Take.SUM),
        "received": ("bigint", Take.SUM),
        "removed": ("bigint", Take.SUM),
        "on_hand": ("bigint", Take.LATEST),
        "position": ("bigint", Take.GREATEST),
    },
)


class StockMovements(TableProjection):
    """Rows of `StockDay`. A first count at a product's creation is no movement."""

    name: ClassVar[str] = "stock_movements"
    handles: ClassVar[tuple[str, ...]] = (CHANGED, SHIPPED)
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """At most two statements."""
        tally = Tally(SHAPE)
        known = stories([event for event in batch if event.type == SHIPPED], types=(PLACED,))
        for event in batch:
            if event.type == CHANGED:
                data = data_of(event)
                key = (event.recorded_at.date(), data["sku"], data["location"], data["kind"])
                tally.add(*key, **_moved(data["delta"], event, data["on_hand"]))
            else:
                for sku, quantity, day in _shipped(event, known[event.stream]):
                    tally.add(day, sku, MAIN, SHIP, **_moved(-quantity, event, None))
        tally.write(build)


def _moved(delta: int, event: StoredEvent, on_hand: int | None) -> dict[str, Any]:
    return {
        "movements": 1,
        "received": max(0, delta),
        "removed": max(0, -delta),
        "on_hand": on_hand,
        "position": event.position,
    }


def _shipped(event: StoredEvent, story: Sequence[StoredEvent]) -> Iterator[tuple[str, int, date]]:
    day = datetime.fromisoformat(data_of(event)["at"]).astimezone(UTC).date()
    for line in beginning(event, story)["lines"]:
        yield line["sku"], line["quantity"], day
