"""From cart to order, by the flow that the cart was made with; one transaction."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from apps.catalog.services import reserve, take_over
from apps.orders.errors import EmptyCart
from apps.orders.events import CartCheckedOut
from apps.orders.models import Cart, Order
from apps.orders.services.carts import locked_cart
from apps.orders.services.inputs import CreateOrder, OrderItem
from apps.orders.services.placing import Promise, place
from apps.orders.states import CHECKED_OUT
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work, transactional
from rustok.policy import enter
from rustok.telemetry import traced


@traced("orders.check_out")
@transactional
def check_out(*, cart_id: UUID, context: ExecutionContext, expected_version: int | None = None) -> Order:
    """Place the order of a cart at today's prices. Needs `cart:checkout`.

    Raises NotFound, VersionConflict, CartExpired, CartClosed, EmptyCart, InvalidProduct, OrderTooLarge; where the cart
    held its goods ReservationExpired, else InsufficientInventory. A refusal leaves the cart as it was.
    """
    enter(context, "cart:checkout")
    now = timezone.now()
    cart = locked_cart(cart_id, expected_version, at=now, action="checkout", context=context)
    if not cart.loaded_lines:
        raise EmptyCart
    items = [OrderItem(sku=line.sku, quantity=line.quantity) for line in cart.loaded_lines]
    given = CreateOrder(currency=cart.currency, lines=items, customer_id=cart.customer_id)
    order = place(input=given, context=context, promise=_promise(cart))
    cart.close(CHECKED_OUT, at=now, order=order)
    uow = current_unit_of_work()
    uow.record(CartCheckedOut(cart_id=cart.pk, flow=cart.flow, at=now, order_id=order.pk), new_stream=True)
    details = {"order": str(order.pk), "flow": cart.flow}
    uow.audit(AuditEntry(action="cart:checkout", target=str(cart.pk), details=details))
    return order


def _promise(cart: Cart) -> Promise:
    """Reserve at order, or hand over what the cart holds."""
    if not cart.holds_goods:
        return reserve
    return lambda *, reference, wanted, at: take_over(source=cart.pk, target=reference, wanted=wanted, at=at)
