"""Placing an order: check, price, reserve, write; one transaction and a fixed number of statements.

The hot path of the platform, hence plain SQL: offers (1), customer (1, when given), reservation of all lines (1), order
with lines and history (1), then the unit of work's events (1) and audit (1). See `tests/apps/orders/test_placing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.queries import Offer, offers
from apps.catalog.services import Wanted, reserve
from apps.customers.queries import customer_exists
from apps.orders.events import OrderPlaced, PlacedLine
from apps.orders.metrics import count_step
from apps.orders.models import Order, OrderLine, OrderStatus, PaymentState
from apps.orders.numbers import order_number
from apps.orders.services.inputs import CreateOrder, OrderItem, checked_lines, checked_text, too_large
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.constraints import unique
from rustok.db.ids import new_id
from rustok.db.transactions import UnitOfWork, unit_of_work
from rustok.errors.base import FieldError
from rustok.money import MAX_MINOR, exponent
from rustok.policy import Action, ResourceGuard, Scope, enter, require
from rustok.telemetry import traced
from rustok.text import refuse

_INSERT: Final = """
WITH placed AS (
    INSERT INTO orders_order (id, number, customer_id, external_id, currency, total, status, payment_status, version,
                              carrier, tracking, placed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, '', '', %s)
), history AS (
    INSERT INTO orders_ordertransition (id, order_id, action, source, target, version, actor, reason, at)
    VALUES (%s, %s, 'place', '', %s, 1, %s, '', %s)
)
INSERT INTO orders_orderline (id, order_id, variant_id, position, sku, name, quantity, unit_price, total)
SELECT l.id, %s, l.variant_id, l.position, l.sku, l.name, l.quantity, l.unit_price, l.quantity * l.unit_price
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
    AS l (id, variant_id, position, sku, name, quantity, unit_price)
"""


class Promise(Protocol):
    """How an order gets its goods: `catalog.services.reserve`, or what a cart holds already."""

    def __call__(self, *, reference: UUID, wanted: Iterable[Wanted], at: datetime) -> None:
        """Promise all of it to the order `reference`, or raise."""


@traced("orders.create_order")
def create_order(*, input: CreateOrder, context: ExecutionContext) -> Order:
    """Place an order and reserve its stock, all or nothing. Needs `order:create` (own prices or time: `order:import`).

    With a grant for own orders the customer must be the actor's own.
    The same SKU in several lines is one line with the sum. The order comes back with `loaded_lines`. Cost: at most 6
    statements, whatever the number of lines.
    Raises InvalidInput, InvalidMoney, InvalidProduct (unknown SKU, not for sale, no price in the currency),
    InsufficientInventory, OrderTooLarge, DuplicateEntry (the external id is known).
    """
    if enter(context, "order:create") is not Scope.ALL:
        ResourceGuard(Order(customer_id=input.customer_id), context).ensure(Action.CREATE)
    if input.is_import:
        require(context, "order:import")
    return place(input=input, context=context, promise=reserve)


def place(*, input: CreateOrder, context: ExecutionContext, promise: Promise) -> Order:
    """Price, promise and write an order; raises like `create_order` and like `promise`. No permission is asked here."""
    exponent(input.currency)
    items = checked_lines(input.lines)
    external_id = checked_text(input.external_id, "external_id", 64) if input.external_id else None
    now = timezone.now()
    with unit_of_work() as uow:
        if input.customer_id is not None and not customer_exists(input.customer_id):
            raise refuse("customer", "unknown", _("There is no such customer."))
        found = offers(skus={item.sku for item in items}, currency=input.currency)
        _check_offers(items, found, input)
        order = _build(input, items, found, external_id, now)
        wanted = (Wanted(found[item.sku].variant_id, item.sku, item.quantity) for item in items)
        promise(reference=order.pk, wanted=wanted, at=now)
        with unique(str(_("order")), external_id or order.number):
            _insert(order, uow, context.actor.reference)
        _publish(order, uow)
    return order


def _check_offers(items: Sequence[OrderItem], found: dict[str, Offer], given: CreateOrder) -> None:
    """Raise InvalidProduct for everything that is not for sale, with pointers into the given lines."""
    bad: dict[str, FieldError] = {}
    for item in items:
        offer = found.get(item.sku)
        if offer is None:
            code, text = "unknown_sku", _("%(sku)s is not for sale.") % {"sku": item.sku}
        elif offer.unit_price is None and item.unit_price is None:
            code = "no_price"
            text = _("%(sku)s has no price in %(currency)s.") % {"sku": item.sku, "currency": given.currency}
        else:
            continue
        place = next((n for n, line in enumerate(given.lines) if line.sku.strip() == item.sku), 0)
        bad[item.sku] = FieldError(f"/lines/{place}/sku", code, text)
    if bad:
        raise InvalidProduct(sku=next(iter(bad)), errors=tuple(bad.values()))


def _build(
    given: CreateOrder, items: Sequence[OrderItem], found: dict[str, Offer], external_id: str | None, now: datetime
) -> Order:
    order = Order(
        number=order_number(now),
        customer_id=given.customer_id,
        external_id=external_id,
        currency=given.currency,
        status=OrderStatus.PENDING.value,
        payment_status=PaymentState.UNPAID.value,
        version=1,
        placed_at=given.placed_at or now,
    )
    order.loaded_lines = [_line(order, n, item, found[item.sku]) for n, item in enumerate(items)]
    order.total = sum(line.total for line in order.loaded_lines)
    if order.total > MAX_MINOR:
        raise too_large()
    order._state.adding = False
    return order


def _line(order: Order, position: int, item: OrderItem, offer: Offer) -> OrderLine:
    price = item.unit_price if item.unit_price is not None else offer.unit_price or 0
    return OrderLine(
        order_id=order.pk,
        variant_id=offer.variant_id,
        position=position,
        sku=item.sku,
        name=offer.name,
        quantity=item.quantity,
        unit_price=price,
        total=price * item.quantity,
    )


def _insert(order: Order, uow: UnitOfWork, actor: str) -> None:
    lines = order.loaded_lines
    columns: list[list[Any]] = [
        [getattr(line, name) for line in lines]
        for name in ("id", "variant_id", "position", "sku", "name", "quantity", "unit_price")
    ]
    parameters: list[Any] = [
        *(order.pk, order.number, order.customer_id, order.external_id, order.currency, order.total),
        *(order.status, order.payment_status, order.placed_at),
        *(new_id(), order.pk, order.status, actor, order.placed_at),
        *(order.pk, *columns),
    ]
    with connections[uow.using].cursor() as cursor:
        cursor.execute(_INSERT, parameters)


def _publish(order: Order, uow: UnitOfWork) -> None:
    lines = tuple(
        PlacedLine(sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price, total=line.total)
        for line in order.loaded_lines
    )
    fact = OrderPlaced(
        order_id=order.pk,
        number=order.number,
        order_version=1,
        at=order.placed_at,
        customer_id=order.customer_id,
        currency=order.currency,
        total=order.total,
        lines=lines,
    )
    uow.record(fact, new_stream=True)
    details = {"number": order.number, "total": order.total, "currency": order.currency}
    uow.audit(AuditEntry(action="order:create", target=str(order.pk), details=details))
    count_step(uow, "create")
