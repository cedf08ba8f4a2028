"""Load the demo: shops, keys, catalogues, customers, webhooks, and the baskets through the order service.

Every step looks first whether it was done, so that a stopped load goes on where it was and a second one is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

from django.db import connections
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


def load(*, baskets_per_store: int = BASKETS_PER_STORE, stores: Sequence[Store] = STORES) -> list[dict[str, Any]]:
    """Load everything and return what each shop got; needs an actor with every permission in the current context.

    With `baskets_per_store` a shop has these baskets, the products that they name (all their variants, the stock of a
    whole catalogue) and the households that bought; a later, larger load adds the rest. What was loaded before is not
    looked at again, so that people may change it.
    """
    known = credentials.read()
    with platform_scope("load the demo"):
        shops = [accounts.shop(store, credentials.shop(known, store.slug)) for store in stores]
        credentials.write({"platform": accounts.platform(known.get("platform", {})), "tenants": shops})
        loaded = [subscribing.loaded(store) for store in stores]
    if all(facts.get("wanted", -1) >= baskets_per_store for facts in loaded):
        for store in stores:
            with tenant_scope(store.slug, even_suspended=True):
                subscribing.connect(store)
        return loaded
    return _fill_all(stores, baskets_per_store)


def _fill_all(stores: Sequence[Store], most: int) -> list[dict[str, Any]]:
    """One thread a shop: half of the time goes into waiting for PostgreSQL, which is another process."""
    by_store = _baskets()
    total = sum(min(most, len(by_store[store.number])) for store in stores)
    with progress("replaying baskets", total=total) as bar:
        if len(stores) == 1:
            return [_fill(stores[0], by_store[stores[0].number], most, bar)]
        with ThreadPoolExecutor(len(stores)) as pool:
            work = [(store, by_store[store.number], most, bar) for store in stores]
            jobs = [pool.submit(copy_context().run, partial(_fill_in_thread, *one)) for one in work]
            return [job.result() for job in jobs]


def _fill_in_thread(store: Store, baskets: list[Basket], most: int, bar: ProgressBar) -> dict[str, Any]:
    try:
        return _fill(store, baskets, most, bar)
    finally:
        connections.close_all()  # this thread's own


def _baskets() -> dict[str, list[Basket]]:
    """The baskets of each store; 1,200 fit into memory."""
    found: dict[str, list[Basket]] = {store.number: [] for store in STORES}
    for basket in read_baskets(TRANSACTIONS, currency=CURRENCY):
        found[basket.store].append(basket)
    return found


def _fill(store: Store, baskets: list[Basket], most: int, bar: ProgressBar) -> dict[str, Any]:
    """Give one shop its goods and customers, and orders out of its first `most` baskets; note it when all is there."""
    with tenant_scope(store.slug, even_suspended=True):
        subscribing.connect(store)
        products, households = _stock_up(baskets, most), _invite(baskets[:most])
        report = _replay(baskets[:most], max(basket.at for basket in baskets), bar).as_dict()
    facts = {"slug": store.slug, "store": store.number, "wanted": most, "products": products, "customers": households}
    facts |= {name: report[name] for name in ("baskets", "rows", "value")}
    with platform_scope("note what the demo loaded"):
        subscribing.note_loaded(store, facts)
    return facts


def _stock_up(baskets: list[Basket], most: int) -> int:
    """Create what the first `most` baskets need and is not there yet; returns how many products."""
    sold, needed = catalogue.sales(baskets), catalogue.sales(baskets[:most]).keys()
    known = offers(skus=sold, currency=CURRENCY)
    missing = (
        product
        for product in catalogue.products(sold)
        if product.variants[0].sku not in known and any(variant.sku in needed for variant in product.variants)
    )
    return sum(len(create_products(inputs=chunk, context=current())) for chunk in _chunks(missing, PRODUCTS_AT_ONCE))


def _invite(baskets: list[Basket]) -> int:
    """Create the households that are not customers yet; returns how many."""
    wanted = {basket.household for basket in baskets}
    known = set(customers().filter(external_id__in=wanted).values_list("external_id", flat=True))
    new = list(catalogue.households(wanted - known))
    return len(create_customers(inputs=new, context=current())) if new else 0


def _replay(baskets: list[Basket], last: datetime, bar: ProgressBar) -> ImportReport:
    """Place the orders; the story of the data, whose end is `last`, is moved to the last weeks before today."""
    end = timezone.now() - timedelta(days=1)
    shift = shifted_to_end(last=last, end=end)
    wishes = ImportWishes(currency=CURRENCY, shift=shift, life=_life(until=end, shift=shift))
    return import_baskets(
        baskets=baskets,
        wishes=wishes,
        context=current(),
        after_each=lambda _report: bar.advance(),
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
