"""`manage.py demo load`: three real stores as shops, their 1,200 baskets as orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from apps.demo import credentials
from apps.demo.loading import load
from apps.demo.stores import BASKETS_PER_STORE, STORES
from rustok.config import config
from rustok.context import current, system_actor, use
from rustok.errors import DomainError
from rustok.money import Money

_AGAIN: Final = "What was loaded so far stays; run the command again."


class Command(BaseCommand):
    """Loads the demo data."""

    requires_system_checks: list[str] = []  # the services are up already; the checks would cost a second
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
                loaded = load(baskets_per_store=min(baskets, BASKETS_PER_STORE), stores=STORES)
        except DomainError as error:
            raise CommandError(f"{error.detail} {_AGAIN}") from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database went away. {_AGAIN}") from error
        self.stdout.write(orjson.dumps(loaded).decode() if options["json"] else "\n".join(_lines(loaded)))


def _lines(loaded: list[dict[str, Any]]) -> Iterator[str]:
    for shop in loaded:
        baskets, value = shop["baskets"], shop["value"]
        orders = baskets["imported"] + baskets["already_imported"]
        reasons = ", ".join(f"{count} {reason}" for reason, count in baskets["refused_by_reason"].items())
        refused = f"{baskets['refused']} refused" + (f" ({reasons})" if reasons else "")
        paid = Money(value["imported"] + value["already_imported"], value["currency"])
        yield f"{shop['slug']}: {baskets['read']} baskets: {orders} orders for {paid}, {refused}"
    read, refused = (sum(shop["baskets"][name] for shop in loaded) for name in ("read", "refused"))
    yield f"{read} baskets: {read - refused} orders, {refused} refused; credentials in {credentials.path()}"
