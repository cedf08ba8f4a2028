"""The life of a cart, and of an order. The trigger `orders_order_guard` repeats the order's table; a test compares."""

from __future__ import annotations

from typing import Final

from rustok.states import Transitions

PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
PAID: Final = "paid"
SHIPPED: Final = "shipped"
DELIVERED: Final = "delivered"
CANCELLED: Final = "cancelled"

OPEN: Final = "open"
CHECKED_OUT: Final = "checked_out"
EXPIRED: Final = "expired"

CART: Final = Transitions(
    "cart", initial=OPEN, table={OPEN: {CHECKED_OUT, EXPIRED}, CHECKED_OUT: set(), EXPIRED: set()}
)
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
