"""Load the demo: shops, keys, catalogues, customers, webhooks, and the baskets through the order service.

Every step looks first whether it was done, so that a stopped load goes on where it was and a second one is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.utils import timezone

from apps.catalog.queries import offers
from apps.catalog.services import CreateProduct, create_products
from apps.customers.queries import customers
from apps.customers.services import create_customers
from apps.demo import accounts, catalogue, credentials, subscribing
from apps.demo.stores import BASKETS_PER_STORE, CURRENCY, STORES, TRANSACTIONS, Store
from apps.orders.importing import lives
from apps.orders.importing.lives import Life
from apps.orders.importing.replay import ImportWishes, import_baskets, shifted_to_end
from apps.orders.importing.report import ImportReport
from apps.orders.importing.rows import Basket, read_baskets
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import current
from rustok.progress import ProgressBar, progress

PRODUCTS_AT_ONCE: Final = 250
_LIVELY_DAYS: Final = 4
"""Orders of the last days are still on their way, so that the console has something to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one shop got. `report` accounts for every basket."""

    store: Store
    products: int
    customers: int
    report: ImportReport


def load(*, baskets_per_store: int = BASKETS_PER_STORE) -> list[Loaded]:
    """Load everything; needs an actor with every permission in the current context."""
    by_store = _baskets(baskets_per_store)
    facts = credentials.read()
    with platform_scope("load the demo"):
        facts["platform"] = accounts.platform(facts.get("platform", {}))
        shops = []
        for store in STORES:
            shops.append(accounts.shop(store, credentials.shop(facts, store.slug)))
            credentials.write({**facts, "tenants": shops})
    with progress("replaying baskets", total=sum(map(len, by_store.values()))) as bar:
        return [_fill(store, by_store[store.number], bar) for store in STORES]


def _baskets(most: int) -> dict[str, list[Basket]]:
    """The baskets of each store, at most `most` of each; 1,200 fit into memory."""
    found: dict[str, list[Basket]] = {store.number: [] for store in STORES}
    for basket in read_baskets(TRANSACTIONS, currency=CURRENCY):
        if len(found[basket.store]) < most:
            found[basket.store].append(basket)
    return found


def _fill(store: Store, baskets: list[Basket], bar: ProgressBar) -> Loaded:
    """Give one shop its goods, customers and orders."""
    with tenant_scope(store.slug):
        subscribing.connect(store)
        made = _stock_up(baskets)
        known = _invite(baskets)
        report = _replay(baskets, bar)
    return Loaded(store, made, known, report)


def _stock_up(baskets: list[Basket]) -> int:
    """Create the products that are not there yet; returns how many."""
    sold = catalogue.sales(baskets)
    known = offers(skus=sold, currency=CURRENCY)
    missing = (product for product in catalogue.products(sold) if product.variants[0].sku not in known)
    made = 0
    for chunk in _chunks(missing, PRODUCTS_AT_ONCE):
        made += len(create_products(inputs=chunk, context=current()))
    return made


def _invite(baskets: list[Basket]) -> int:
    """Create the households that are not customers yet; returns how many."""
    wanted = {basket.household for basket in baskets}
    known = set(customers().filter(external_id__in=wanted).values_list("external_id", flat=True))
    new = list(catalogue.households(wanted - known))
    return len(create_customers(inputs=new, context=current())) if new else 0


def _replay(baskets: list[Basket], bar: ProgressBar) -> ImportReport:
    end = timezone.now() - timedelta(days=1)
    shift = shifted_to_end(last=max(basket.at for basket in baskets), end=end)
    wishes = ImportWishes(currency=CURRENCY, shift=shift, life=_life(until=end, shift=shift))
    return import_baskets(
        baskets=baskets,
        wishes=wishes,
        context=current(),
        after_each=lambda report: bar.advance(note=f"{report.refused} refused" if report.refused else ""),
    )


def _life(*, until: datetime, shift: timedelta) -> Callable[[Basket], Life]:
    """Old baskets are bought and gone, with a few returns; the latest are at all stages. The same on every run."""
    recent = (lives.PENDING, lives.PENDING, lives.CONFIRMED, lives.PAID, lives.PAID, lives.SHIPPED, lives.DELIVERED)
    rare = {0: lives.CANCELLED, 1: lives.RETURNED, 2: lives.REFUNDED}

    def life(basket: Basket) -> Life:
        chance = sum(map(ord, basket.number))
        if basket.at + shift > until - timedelta(days=_LIVELY_DAYS):
            return recent[chance % len(recent)]
        return rare.get(chance % 60, lives.DELIVERED)

    return life


def _chunks(source: Iterator[CreateProduct], size: int) -> Iterator[list[CreateProduct]]:
    while chunk := list(islice(source, size)):
        yield chunk
