"""Writes of orders: placing them, and each move of their life."""

from apps.orders.services.inputs import (
    CancelOrder,
    CreateOrder,
    Note,
    OrderItem,
    PayOrder,
    RefundOrder,
    ShipOrder,
)
from apps.orders.services.moving import cancel_order, confirm_order, deliver_order, pay_order, refund_order, ship_order
from apps.orders.services.placing import create_order

__all__ = [
    "CancelOrder",
    "CreateOrder",
    "Note",
    "OrderItem",
    "PayOrder",
    "RefundOrder",
    "ShipOrder",
    "cancel_order",
    "confirm_order",
    "create_order",
    "deliver_order",
    "pay_order",
    "refund_order",
    "ship_order",
]
