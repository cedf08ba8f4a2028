"""Writes of orders: carts and their checkout, placing, and each move of an order's life."""

from apps.orders.services.carts import CreateCart, create_cart, expire_carts, put_line, remove_line
from apps.orders.services.checkout import check_out
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
    "CreateCart",
    "CreateOrder",
    "Note",
    "OrderItem",
    "PayOrder",
    "RefundOrder",
    "ShipOrder",
    "cancel_order",
    "check_out",
    "confirm_order",
    "create_cart",
    "create_order",
    "deliver_order",
    "expire_carts",
    "pay_order",
    "put_line",
    "refund_order",
    "remove_line",
    "ship_order",
]
