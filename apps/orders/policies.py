"""Orders and carts are their customer's own, and so is the money of an order: only this floor knows whose it is."""

from __future__ import annotations

from typing import Final

from rustok.policy import OwnedBy, Policy, Resource, Through, register

_BUYER: Final = OwnedBy("customer__account")

ORDER: Final = Policy(
    resource=Resource("order", verbs=("confirm", "pay", "ship", "deliver", "cancel", "refund")),
    model="orders.Order",
    own=_BUYER,
)
CART: Final = Policy(resource=Resource("cart", verbs=("checkout",)), model="orders.Cart", own=_BUYER)
PAYMENT: Final = Policy(
    resource=Resource("payment"), model="payments.Payment", own=Through("order_id", "orders.Order", _BUYER)
)

register(ORDER, CART, PAYMENT)
