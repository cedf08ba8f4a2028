"""Orders and carts are their customer's own, and so is the money of an order: only this floor knows whose it is.

Cancelling an order that still holds money pays it back, so it takes `order:refund` too, in the same reach.
"""

from __future__ import annotations

from typing import Final

from rustok.policy import Holding, Need, OwnedBy, Policy, Resource, Through, register

_BUYER: Final = OwnedBy("customer__account")
_HOLDS_MONEY: Final = Holding("payment_status", ("paid", "partially_refunded"))

ORDER: Final = Policy(
    resource=Resource(
        "order",
        verbs=("confirm", "pay", "ship", "deliver", "cancel", "refund"),
        needs=(Need("cancel", "order:refund", when=_HOLDS_MONEY),),
    ),
    model="orders.Order",
    own=_BUYER,
)
CART: Final = Policy(resource=Resource("cart", verbs=("checkout",)), model="orders.Cart", own=_BUYER)
PAYMENT: Final = Policy(
    resource=Resource("payment"), model="payments.Payment", own=Through("order_id", "orders.Order", _BUYER)
)

register(ORDER, CART, PAYMENT)
