"""`manage.py orders import`: baskets of any shop's till become orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from apps.orders.importing.lives import LIVES
from apps.orders.importing.refusals import Refusal
from apps.orders.importing.replay import ImportWishes, import_baskets
from apps.orders.importing.report import ImportReport
from apps.orders.importing.rows import Basket, count_baskets, read_baskets
from apps.tenants.isolation import tenant_scope
from rustok.context import ExecutionContext, current, system_actor, use
from rustok.errors import DomainError
from rustok.money import Money
from rustok.progress import progress

PERMISSIONS: Final = frozenset({"order:*", "customer:*", "product:read", "stock:*", "payment:*"})
_SHOWN: Final = 20
_AGAIN: Final = "What was imported so far stays; run the command again."


class Command(BaseCommand):
    """Imports orders from basket files."""

    help = "Import orders from a basket file (CSV, plain or gzip)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `import` and its options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="import")
        read = verbs.add_parser("import", help=self.help, description=_DESCRIPTION)
        read.add_argument("csv", type=Path, help="the basket file")
        read.add_argument("--tenant", required=True, metavar="SLUG", help="the shop that the baskets belong to")
        read.add_argument("--store", metavar="ID", help="take only the baskets of this store_id")
        read.add_argument("--currency", default="USD", metavar="ISO", help="currency of sales_value (USD)")
        read.add_argument("--until", default="delivered", choices=LIVES, help="how far the orders go (delivered)")
        read.add_argument("--refusals", type=Path, metavar="FILE", help="write every refused row as a JSON line")
        read.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the file; exit code 1 with one clear line when it cannot be read or the shop cannot be reached."""
        path: Path = options["csv"]
        if not path.is_file():
            raise CommandError(f"there is no file {path}")
        try:
            with use(_importer()), tenant_scope(options["tenant"]), _sink(options["refusals"]) as sink:
                report = _run(path, options, sink)
        except DomainError as error:
            raise CommandError(f"{error.detail} {_AGAIN}") from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database went away. {_AGAIN}") from error
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(orjson.dumps(report.as_dict()).decode() if options["json"] else _text(report))


_DESCRIPTION: Final = """Columns: store_id, basket_id, household_id, product_id (the SKU), quantity, sales_value (paid
for all pieces), transaction_timestamp. The rows of a basket stand together. A second run changes nothing and a stopped
one goes on, because the basket id is the order's external id. A basket becomes an order only if the order's total is
exactly what the basket's rows say was paid; every refused row is reported with its reason."""


def _run(path: Path, options: dict[str, Any], sink: TextIO | None) -> ImportReport:
    wishes = ImportWishes(currency=options["currency"], life=_life(options["until"]))
    baskets = read_baskets(path, currency=wishes.currency)
    if options["store"]:
        baskets = (basket for basket in baskets if basket.store == options["store"])
    with progress("importing baskets", total=count_baskets(path, store=options["store"])) as bar:

        def after_each(report: ImportReport) -> None:
            bar.advance(note=f"{report.refused} refused" if report.refused else "")

        return import_baskets(
            baskets=baskets,
            wishes=wishes,
            context=current(),
            after_each=after_each,
            on_refusal=_writer(sink),
        )


def _life(name: str) -> Callable[[Basket], Any]:
    life = LIVES[name]
    return lambda _basket: life


def _writer(sink: TextIO | None) -> Callable[[Refusal], None]:
    if sink is None:
        return lambda _refusal: None
    return lambda refusal: print(orjson.dumps(refusal.as_dict()).decode(), file=sink)


def _sink(path: Path | None) -> AbstractContextManager[TextIO | None]:
    return nullcontext() if path is None else path.open("w", encoding="utf-8")


def _importer() -> ExecutionContext:
    return replace(current(), actor=system_actor("orders.import"), permissions=PERMISSIONS)


def _text(report: ImportReport) -> str:
    return "\n".join(_lines(report))


def _lines(report: ImportReport) -> Iterator[str]:
    def money(minor: int) -> str:
        return str(Money(minor, report.currency))

    seen, new, known = report.baskets, report.imported, report.already
    yield f"baskets: {seen} read, {new} imported, {known} already there, {report.refused} refused"
    yield f"rows:    {report.rows} read, {report.rows_refused} refused"
    values = (report.value_imported, report.value_already, report.value_refused)
    yield "value:   {} imported, {} already there, {} refused".format(*map(money, values))
    for reason, count in report.reasons.most_common():
        yield f"  {count:>8}  {reason.value}"
    for row in report.refusals[:_SHOWN]:
        yield f"line {row.line}: basket {row.basket}, product {row.product}: {row.reason.value}: {row.detail}"
    if report.rows_refused > _SHOWN:
        yield f"… and {report.rows_refused - _SHOWN} more rows (--refusals FILE writes them all)"
