"""What facts about orders mean for money: one `Change` per placing, cancelling or refunding, each with its order.

Later facts do not repeat what was ordered, so their order's first fact is looked up in the log: facts never change,
which makes the answer the same at every reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from apps.events.projections.stories import data_of, stories
from apps.events.records import StoredEvent
from apps.insights.errors import OrderWithoutBeginning

PLACED: Final = "orders.order_placed"
SHIPPED: Final = "orders.order_shipped"
CANCELLED: Final = "orders.order_cancelled"
REFUNDED: Final = "orders.order_refunded"
MONEY: Final = (PLACED, CANCELLED, REFUNDED)


@dataclass(frozen=True, slots=True)
class Change:
    """What one fact did. `data` is what was ordered (OrderPlaced); amounts are minor units of its currency."""

    event: StoredEvent
    data: dict[str, Any]
    orders: int = 0
    cancelled_orders: int = 0
    gross: int = 0
    cancelled: int = 0
    refunded: int = 0

    @property
    def placed_at(self) -> datetime:
        """When the order was placed, in UTC."""
        return datetime.fromisoformat(self.data["at"]).astimezone(UTC)

    @property
    def day(self) -> date:
        """The day (UTC) of the order."""
        return self.placed_at.date()

    @property
    def sums(self) -> dict[str, int]:
        """The columns that add up."""
        return {
            "orders": self.orders,
            "cancelled_orders": self.cancelled_orders,
            "gross": self.gross,
            "cancelled": self.cancelled,
            "refunded": self.refunded,
            "net": self.gross - self.cancelled - self.refunded,
        }


def changes(batch: Sequence[StoredEvent]) -> Iterator[Change]:
    """The changes of a batch, in order. One statement when it holds cancellations or refunds, else none.

    Raises OrderWithoutBeginning.
    """
    later = [event for event in batch if event.type != PLACED]
    known = stories(later, types=MONEY)
    for event in batch:
        if event.type == PLACED:
            data = data_of(event)
            yield Change(event, data, orders=1, gross=data["total"])
            continue
        before = [past for past in known[event.stream] if past.version < event.version]
        data = beginning(event, before)
        if event.type == REFUNDED:
            yield Change(event, data, refunded=data_of(event)["amount"])
        else:
            refunded = sum(data_of(past)["amount"] for past in before if past.type == REFUNDED)
            yield Change(event, data, cancelled_orders=1, cancelled=data["total"] - refunded)


def beginning(event: StoredEvent, story: Sequence[StoredEvent]) -> dict[str, Any]:
    """What was ordered, from the story of the order; raises OrderWithoutBeginning when the log lacks it."""
    for past in story:
        if past.type == PLACED:
            return data_of(past)
    raise OrderWithoutBeginning(stream=event.stream)
