"""How far an imported order goes: the moves after placing, with plausible moments in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.orders import services
from apps.orders.services import CancelOrder, Note, PayOrder, RefundOrder, ShipOrder
from rustok.context import ExecutionContext


@dataclass(frozen=True, slots=True)
class Life:
    """The moves of an order by name, in their order."""

    moves: tuple[str, ...]


PENDING: Final = Life(())
CONFIRMED: Final = Life(("confirm",))
PAID: Final = Life(("confirm", "pay"))
SHIPPED: Final = Life(("confirm", "pay", "ship"))
DELIVERED: Final = Life(("confirm", "pay", "ship", "deliver"))
CANCELLED: Final = Life(("confirm", "cancel"))
RETURNED: Final = Life(("confirm", "pay", "ship", "cancel"))
REFUNDED: Final = Life(("confirm", "pay", "ship", "deliver", "refund"))

LIVES: Final[dict[str, Life]] = {
    "pending": PENDING,
    "confirmed": CONFIRMED,
    "paid": PAID,
    "shipped": SHIPPED,
    "delivered": DELIVERED,
}
"""What `orders import --until` offers."""

# A till: goods and money change hands within minutes.
_AFTER: Final = {
    "confirm": timedelta(minutes=1),
    "pay": timedelta(minutes=2),
    "ship": timedelta(minutes=20),
    "deliver": timedelta(minutes=65),
    "cancel": timedelta(minutes=90),
    "refund": timedelta(hours=26),
}


def live(order_id: UUID, *, life: Life, placed_at: datetime, context: ExecutionContext) -> None:
    """Take the order through its life; raises what the order services raise."""
    for move in life.moves:
        service, note = _MOVES[move]
        service(order_id=order_id, input=note(placed_at + _AFTER[move]), context=context)


_MOVES: Final[dict[str, tuple[Callable[..., Any], Callable[[datetime], Note]]]] = {
    "confirm": (services.confirm_order, lambda at: Note(at=at)),
    "pay": (services.pay_order, lambda at: PayOrder(at=at, reference="till")),
    "ship": (services.ship_order, lambda at: ShipOrder(at=at, carrier="pickup")),
    "deliver": (services.deliver_order, lambda at: Note(at=at)),
    "cancel": (services.cancel_order, lambda at: CancelOrder(at=at, reason="customer changed their mind")),
    "refund": (services.refund_order, lambda at: RefundOrder(at=at, reason="spoiled goods")),
}
