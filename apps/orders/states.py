"""The life of an order. The trigger `orders_order_guard` repeats this table in the database; a test compares them."""

from __future__ import annotations

from typing import Final

from rustok.states import Transitions

PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
PAID: Final = "paid"
SHIPPED: Final = "shipped"
DELIVERED: Final = "delivered"
CANCELLED: Final = "cancelled"

ORDER: Final = Transitions(
    "order",
    initial=PENDING,
    table={
        PENDING: {CONFIRMED, CANCELLED},
        CONFIRMED: {PAID, CANCELLED},
        PAID: {SHIPPED, CANCELLED},  # cancelled: with a refund
        SHIPPED: {DELIVERED, CANCELLED},  # cancelled: with a refund and a return
        DELIVERED: set(),
        CANCELLED: set(),
    },
)
