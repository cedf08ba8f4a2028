"""Turn baskets into orders, through the same services as the API.

One basket is one transaction: the order, its moves, its events and audit entries, or nothing. The basket's id is the
order's `external_id`, so that a run that was stopped goes on where it was, and a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Sum

from apps.catalog.errors import InsufficientInventory, InvalidProduct
from apps.customers.queries import customers
from apps.customers.services import CreateCustomer, create_customer
from apps.orders.importing.lives import DELIVERED, Life, live
from apps.orders.importing.pricing import split_evenly
from apps.orders.importing.refusals import Reason, Refusal
from apps.orders.importing.report import ImportReport
from apps.orders.importing.rows import Basket
from apps.orders.models import Order
from apps.orders.services import CreateOrder, OrderItem, create_order
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work
from rustok.errors import AuthError, DomainError, FieldError
from rustok.errors.families import DuplicateEntry

CHUNK: Final = 100
"""Baskets whose earlier import is looked up in one statement."""

_REASONS: Final[dict[type[DomainError], Reason]] = {
    InvalidProduct: Reason.UNKNOWN_PRODUCT,
    InsufficientInventory: Reason.INSUFFICIENT_INVENTORY,
    DuplicateEntry: Reason.CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWishes:
    """How baskets become orders. `life` says how far an order goes; `shift` moves all times."""

    currency: str
    life: Callable[[Basket], Life] = lambda _basket: DELIVERED
    shift: timedelta = timedelta()


def import_baskets(
    *,
    baskets: Iterable[Basket],
    wishes: ImportWishes,
    context: ExecutionContext,
    after_each: Callable[[ImportReport], None] = lambda _report: None,
    on_refusal: Callable[[Refusal], None] = lambda _refusal: None,
) -> ImportReport:
    """Place an order for every basket that can be one, and account for every other.

    Needs the permissions `order:*` (`order:import` for prices and times of the past) and `customer:*`. Runs in the
    current tenant. Memory does not grow with the file, but for the refused rows that the report keeps.
    """
    report = ImportReport(currency=wishes.currency, on_refusal=on_refusal)
    till = _Till(wishes, context)
    for chunk in _chunks(baskets):
        known = _already_imported(chunk)
        for basket in chunk:
            till.ring_up(basket, known.get(basket.external_id), report)
            after_each(report)
    return report


def _chunks(baskets: Iterable[Basket]) -> Iterator[list[Basket]]:
    source = iter(baskets)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _already_imported(chunk: list[Basket]) -> dict[str, tuple[int, int]]:
    """Total and number of pieces of the orders that baskets of this chunk became, by external id."""
    names = [basket.external_id for basket in chunk]
    found = Order.objects.filter(external_id__in=names).annotate(pieces=Sum("lines__quantity"))
    return {str(order.external_id): (order.total, order.pieces) for order in found}


class _Till:
    """Rings up one basket after the other and remembers the customers it has seen."""

    def __init__(self, wishes: ImportWishes, context: ExecutionContext) -> None:
        self.wishes = wishes
        self.context = context
        self._customers: dict[str, UUID] = {}

    def ring_up(self, basket: Basket, known: tuple[int, int] | None, report: ImportReport) -> None:
        """Import the basket, or note why not."""
        spoiler = next((refusal for refusal in basket.refusals if refusal.reason.spoils_basket), None)
        if spoiler is not None:
            self._turn_down(basket, spoiler.reason, f"row {spoiler.line} was refused", report)
        elif not basket.rows:
            self._turn_down(basket, Reason.EMPTY_BASKET, "no row of the basket is a sale", report)
        elif known == (basket.total, sum(row.quantity for row in basket.rows)):
            report.knew(basket)
        elif known is not None:
            detail = "an order with this basket id exists and differs (are the rows of the basket adjacent?)"
            self._turn_down(basket, Reason.CHANGED, detail, report)
        else:
            self._try(basket, report)

    def _try(self, basket: Basket, report: ImportReport) -> None:
        try:
            self._place(basket)
        except DomainError as error:
            if error.retryable or isinstance(error, AuthError):
                raise
            reason = _REASONS.get(type(error), Reason.REFUSED_BY_ORDERS)
            self._turn_down(basket, reason, error.detail, report, offenders=_offenders(error, basket))
        else:
            report.took(basket)

    def _place(self, basket: Basket) -> None:
        placed_at = basket.at + self.wishes.shift
        items = [
            OrderItem(sku=row.sku, quantity=pieces, unit_price=price)
            for row in basket.rows
            for pieces, price in split_evenly(value=row.value, quantity=row.quantity)
        ]
        with unit_of_work():
            wanted = CreateOrder(
                currency=self.wishes.currency,
                lines=items,
                customer_id=self._customer(basket),
                placed_at=placed_at,
                external_id=basket.external_id,
            )
            order = create_order(input=wanted, context=self.context)
            live(order.pk, life=self.wishes.life(basket), placed_at=placed_at, context=self.context)

    def _customer(self, basket: Basket) -> UUID:
        """The household as a customer; made when it buys for the first time."""
        name = basket.household
        found = self._customers.get(name)
        if found is None:
            known = customers(external_id=name).values_list("pk", flat=True).first()
            if known is None:
                new = CreateCustomer(name=f"Household {name}", external_id=name)
                # Not remembered: the basket may be refused, and the customer with it.
                return create_customer(input=new, context=self.context).pk
            found = self._customers[name] = known
        return found

    def _turn_down(
        self,
        basket: Basket,
        reason: Reason,
        detail: str,
        report: ImportReport,
        *,
        offenders: frozenset[str] = frozenset(),
    ) -> None:
        """Refuse the whole basket: every row gets a reason, the rows at fault their own."""
        refusals = list(basket.refusals)
        for row in basket.rows:
            at_fault = not offenders or row.sku in offenders
            own = reason if at_fault and reason in _OWN_ROWS else Reason.IN_REFUSED_BASKET
            refusals.append(Refusal(row.line, basket.number, row.sku, own, detail, row.value))
        report.turned_down(basket, sorted(refusals, key=lambda refusal: refusal.line), reason)


_OWN_ROWS: Final = frozenset({*_REASONS.values(), Reason.REFUSED_BY_ORDERS})
"""Reasons that come from the order service, so that the rows themselves are what was refused."""


def _offenders(error: DomainError, basket: Basket) -> frozenset[str]:
    """The SKUs that the error is about; empty when it is about the basket as a whole."""
    named = error.context.get("sku")
    skus = {named} if isinstance(named, str) else set()
    return frozenset(skus | {sku for problem in error.errors for sku in _named(problem, basket)})


def _named(problem: FieldError, basket: Basket) -> set[str]:
    text = str(problem.message)
    return {row.sku for row in basket.rows if row.sku in text.replace(":", " ").split()}


def shifted_to_end(*, last: datetime, end: datetime) -> timedelta:
    """Whole weeks to add so that `last` falls into the week before `end`: weekdays and hours of the day stay."""
    return timedelta(weeks=(end - last) // timedelta(weeks=1))
