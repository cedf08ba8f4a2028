"""`manage.py demo load`: three real stores as shops, their 1,200 baskets as orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.demo import credentials
from apps.demo.loading import Loaded, load
from apps.demo.stores import BASKETS_PER_STORE
from rustok.config import config
from rustok.context import current, system_actor, use
from rustok.errors import DomainError
from rustok.money import Money


class Command(BaseCommand):
    """Loads the demo data."""

    help = "Load the demo: three shops with catalogue, stock, customers and 1,200 real baskets."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `load` and its options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="load")
        options = verbs.add_parser("load", help=self.help)
        options.add_argument(
            "--baskets", type=int, metavar="N", help="baskets of each store (RUSTOK_DEMO_BASKETS, by default all)"
        )
        options.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load what is missing; a second run changes nothing. Exit code 1 with one clear line on failure."""
        baskets = options["baskets"]
        if baskets is None:
            baskets = config().demo_baskets
        try:
            with use(replace(current(), actor=system_actor("demo.load"), permissions=frozenset({"*:*"}))):
                loaded = load(baskets_per_store=min(baskets, BASKETS_PER_STORE))
        except DomainError as error:
            raise CommandError(f"{error.detail} What was loaded so far stays; run the command again.") from error
        facts = [_facts(shop) for shop in loaded]
        self.stdout.write(orjson.dumps(facts).decode() if options["json"] else "\n".join(_lines(loaded)))


def _facts(shop: Loaded) -> dict[str, Any]:
    report = shop.report.as_dict()
    return {
        "slug": shop.store.slug,
        "store": shop.store.number,
        "products": shop.products,
        "customers": shop.customers,
        **{name: report[name] for name in ("baskets", "rows", "value")},
    }


def _lines(loaded: list[Loaded]) -> Iterator[str]:
    for shop in loaded:
        report = shop.report
        refused = ", ".join(f"{count} {reason.value}" for reason, count in report.refused_baskets.most_common())
        yield (
            f"{shop.store.slug}: {report.baskets} baskets: {report.imported} imported, {report.already} already there, "
            f"{report.refused} refused{f' ({refused})' if refused else ''}; "
            f"{Money(report.value_imported, report.currency)} of orders"
        )
    total = sum(shop.report.baskets for shop in loaded)
    done = sum(shop.report.imported + shop.report.already for shop in loaded)
    refused_baskets = sum(shop.report.refused for shop in loaded)
    yield f"{total} baskets: {done} orders, {refused_baskets} refused; credentials in {credentials.path()}"
