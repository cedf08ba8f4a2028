"""Carts: what somebody is about to buy, for a while.

Under `reserve at cart` every line is held in stock until the cart ends; under `reserve at order` nothing is held: the
goods are taken when the order is placed. The flow is decided when the cart is made and stays: a flag that changes in
between changes new carts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.queries import offers
from apps.catalog.services import Wanted, extend, hold, release_expired
from apps.customers.queries import customer_exists
from apps.flags.evaluation import is_enabled
from apps.orders.errors import CartExpired
from apps.orders.events import CartExpired as CartExpiredFact
from apps.orders.flags import NEW_CHECKOUT
from apps.orders.models import MAX_LINES, Cart, CartLine, CheckoutFlow
from apps.orders.services.inputs import OrderItem, checked_lines
from apps.orders.states import EXPIRED
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work, transactional
from rustok.errors.base import FieldError
from rustok.errors.families import NotFound, VersionConflict
from rustok.money import exponent
from rustok.policy import Action, ResourceGuard, Scope, enter
from rustok.telemetry import traced
from rustok.tenant_config import tenant_config
from rustok.text import refuse

BATCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCart:
    """An empty cart."""

    currency: str
    customer_id: UUID | None = None


@traced("orders.create_cart")
@transactional
def create_cart(*, input: CreateCart, context: ExecutionContext) -> Cart:
    """Begin a cart. Needs `cart:create`. Raises InvalidMoney (no such currency), InvalidInput (no such customer)."""
    if enter(context, "cart:create") is not Scope.ALL:
        ResourceGuard(Cart(customer_id=input.customer_id), context).ensure(Action.CREATE)
    exponent(input.currency)
    if input.customer_id is not None and not customer_exists(input.customer_id):
        raise refuse("customer", "unknown", _("There is no such customer."))
    now = timezone.now()
    holding = is_enabled(NEW_CHECKOUT.key, unit=str(input.customer_id or ""), context=context)
    cart = Cart(
        customer_id=input.customer_id,
        currency=input.currency,
        flow=(CheckoutFlow.CART if holding else CheckoutFlow.ORDER).value,
        created_at=now,
        updated_at=now,
        expires_at=_end(now, now),
    )
    cart.save(force_insert=True)
    cart.loaded_lines = []
    _audit("create", cart, flow=cart.flow)
    return cart


@transactional
def put_line(
    *, cart_id: UUID, sku: str, quantity: int, context: ExecutionContext, expected_version: int | None = None
) -> Cart:
    """Set how many of a SKU are in the cart; the cart lives longer again. Needs `cart:update`.

    Raises NotFound, VersionConflict, CartExpired, CartClosed, InvalidInput, InvalidProduct, and InsufficientInventory
    where the cart holds its goods.
    """
    enter(context, "cart:update")
    (item,) = checked_lines([OrderItem(sku=sku, quantity=quantity)])
    now = timezone.now()
    cart = locked_cart(cart_id, expected_version, at=now, action=Action.UPDATE, context=context)
    offer = offers(skus=[item.sku], currency=cart.currency).get(item.sku)
    if offer is None or offer.unit_price is None:
        text = _("%(sku)s is not for sale.") % {"sku": item.sku}
        raise InvalidProduct(sku=item.sku, errors=[FieldError("/sku", "unknown_sku", text)])
    line = cart.lines.filter(variant_id=offer.variant_id).first()
    if line is None and cart.lines.count() >= MAX_LINES:
        raise refuse("sku", "count", _("Between 1 and %(most)s lines.") % {"most": MAX_LINES})
    ends = _end(now, cart.created_at)
    if cart.holds_goods:
        wanted = Wanted(offer.variant_id, item.sku, item.quantity)
        hold(reference=cart.pk, wanted=wanted, at=now, expires_at=ends)
    line = line or CartLine(cart=cart, variant_id=offer.variant_id, sku=item.sku)
    line.quantity = item.quantity
    line.save()
    return _touched(cart, now, ends)


@transactional
def remove_line(
    *, cart_id: UUID, line_id: UUID, context: ExecutionContext, expected_version: int | None = None
) -> Cart:
    """Take a line out and let go of its goods. Needs `cart:update`.

    Raises NotFound (cart or line), VersionConflict, CartExpired, CartClosed.
    """
    enter(context, "cart:update")
    now = timezone.now()
    cart = locked_cart(cart_id, expected_version, at=now, action=Action.UPDATE, context=context)
    line = cart.lines.filter(pk=line_id).first()
    if line is None:
        raise NotFound(resource=_("cart line"))
    ends = _end(now, cart.created_at)
    if cart.holds_goods:
        hold(reference=cart.pk, wanted=Wanted(line.variant_id, line.sku, 0), at=now, expires_at=ends)
    line.delete()
    return _touched(cart, now, ends)


@transactional
def expire_carts(*, at: datetime, limit: int = BATCH) -> int:
    """End at most `limit` open carts whose time is over and let go of their goods. Safe to run twice and in parallel.

    A cart that somebody is just using is skipped. Returns how many ended.
    """
    due = Cart.objects.filter(status="open", expires_at__lte=at).order_by("expires_at")
    carts = list(due.select_for_update(skip_locked=True, of=("self",)).prefetch_related("lines")[:limit])
    if not carts:
        return 0
    uow = current_unit_of_work()
    for cart in carts:
        cart.close(EXPIRED, at=at)
        uow.record(
            CartExpiredFact(cart_id=cart.pk, flow=cart.flow, at=at, lines=len(cart.loaded_lines)), new_stream=True
        )
    held = [cart.pk for cart in carts if cart.holds_goods]
    if held:
        release_expired(at=at, references=held, limit=MAX_LINES * BATCH)
    return len(carts)


def locked_cart(
    cart_id: UUID, expected_version: int | None, *, at: datetime, action: str, context: ExecutionContext
) -> Cart:
    """The open cart under a lock, if the action is allowed with it.

    Raises NotFound, PermissionDenied, VersionConflict, CartExpired, CartClosed.
    """
    cart = Cart.objects.select_for_update(of=("self",)).filter(pk=cart_id).first()
    if cart is None:
        raise NotFound(resource=_("cart"))
    ResourceGuard(cart, context).ensure(action)
    if expected_version is not None and cart.version != expected_version:
        raise VersionConflict(resource=_("cart"), current=cart.version)
    cart.check_open(at=at)
    return cart


def _end(now: datetime, created_at: datetime) -> datetime:
    """When a cart touched now ends: after its idle time, and never later than its longest life."""
    knobs = tenant_config()
    return min(now + timedelta(seconds=knobs.cart_ttl), created_at + timedelta(seconds=knobs.cart_lifetime))


def _touched(cart: Cart, at: datetime, ends: datetime) -> Cart:
    if ends <= at:
        raise CartExpired
    if cart.holds_goods:
        extend(reference=cart.pk, at=at, expires_at=ends)
    cart.touch(at=at, expires_at=ends)
    cart.loaded_lines = list(cart.lines.all())
    _audit("update", cart, lines=len(cart.loaded_lines))
    return cart


def _audit(verb: str, cart: Cart, **details: object) -> None:
    current_unit_of_work().audit(AuditEntry(action=f"cart:{verb}", target=str(cart.pk), details=details))
