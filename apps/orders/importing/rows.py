"""Read a basket file: CSV (gzip or plain) in the columns of the Complete Journey data, one row per line of a basket.

Streams: memory holds one basket. Rows of one basket stand together, as a till writes them. No database here.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO, cast

from apps.orders.errors import UnreadableBasketFile
from apps.orders.importing.refusals import Reason, Refusal
from rustok.money import InvalidMoney, Money

COLUMNS: Final = (
    "store_id",
    "basket_id",
    "household_id",
    "product_id",
    "quantity",
    "sales_value",
    "transaction_timestamp",
)
_GZIP_MAGIC: Final = b"\x1f\x8b"
_LONGEST_FIELD: Final = 64
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Row:
    """One good row: `value` is the amount paid for all `quantity` pieces, in minor units."""

    line: int
    sku: str
    quantity: int
    value: int


@dataclass(slots=True)
class Basket:
    """One visit to the till. `refusals` are the rows that cannot be part of an order."""

    store: str
    number: str
    household: str
    at: datetime
    lines: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def external_id(self) -> str:
        """The basket's name in the order book: unique over the stores of a chain."""
        return f"{self.store}-{self.number}"

    @property
    def total(self) -> int:
        """What was paid for the good rows, in minor units."""
        return sum(row.value for row in self.rows)

    @property
    def value(self) -> int:
        """What was paid for all rows, as far as it could be read."""
        return self.total + sum(refusal.value for refusal in self.refusals)


def read_baskets(path: Path, *, currency: str) -> Iterator[Basket]:
    """The baskets of a file in its order; times without a zone are taken as UTC.

    Raises UnreadableBasketFile when the columns are not there, InvalidMoney for an unknown currency.
    """
    Money(0, currency)
    return _grouped(_records(path), currency)


def count_baskets(path: Path, *, store: str | None = None) -> int:
    """How many runs of adjacent rows with one basket id the file (or one store) has: the length of a progress bar."""
    total, last = 0, None
    for _line, record in _records(path):
        key = (record["store_id"].strip(), record["basket_id"].strip())
        total += key != last and store in (None, key[0])
        last = key
    return total


def _records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with _open(path) as text:
        reader = csv.DictReader(text, restval="", strict=True)
        try:
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableBasketFile(reason=f"missing columns: {', '.join(missing)}")
            for record in reader:
                yield reader.line_num, record
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableBasketFile(reason=f"after line {reader.line_num}: {error}") from error


def _open(path: Path) -> TextIO:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP_MAGIC
    if packed:
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _grouped(records: Iterator[tuple[int, dict[str, str]]], currency: str) -> Iterator[Basket]:
    basket: Basket | None = None
    for line, record in records:
        store, number = record["store_id"].strip(), record["basket_id"].strip()
        if basket is None or (basket.store, basket.number) != (store, number):
            if basket is not None:
                yield basket
            basket = Basket(store, number, record["household_id"].strip(), _time(record))
        basket.lines.append(line)
        parsed = _parse(line, record, basket, currency)
        if isinstance(parsed, Refusal):
            basket.refusals.append(parsed)
        else:
            basket.rows.append(parsed)
    if basket is not None:
        yield basket


def _time(record: dict[str, str]) -> datetime:
    try:
        at = datetime.fromisoformat(record["transaction_timestamp"].strip())
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _parse(line: int, record: dict[str, str], basket: Basket, currency: str) -> Row | Refusal:
    """Read one row, or say why it can be no line of an order."""
    sku = record["product_id"].strip()
    value, value_problem = _value(record, currency)

    def refuse(reason: Reason, detail: str) -> Refusal:
        return Refusal(line, basket.number, sku[:_LONGEST_FIELD], reason, detail, value)

    if problem := _identity_problem(record, basket) or value_problem:
        return refuse(Reason.MALFORMED, problem)
    text = record["quantity"].strip().removesuffix(".0")
    if not _WHOLE.fullmatch(text):
        return refuse(Reason.QUANTITY_NOT_WHOLE, f"quantity {text[:_LONGEST_FIELD]!r} is no whole number of pieces")
    quantity = int(text)
    if no_sale := _trade_problem(quantity, value, currency):
        return refuse(*no_sale)
    return Row(line=line, sku=sku, quantity=quantity, value=value)


def _value(record: dict[str, str], currency: str) -> tuple[int, str]:
    """What was paid, in minor units, and what is wrong with the text."""
    try:
        return Money.parse(record["sales_value"].strip(), currency).amount, ""
    except InvalidMoney as error:
        return 0, f"sales_value: {error.detail}"


def _identity_problem(record: dict[str, str], basket: Basket) -> str:
    for name in ("store_id", "basket_id", "household_id", "product_id"):
        text = record[name].strip()
        if not text or len(text) > _LONGEST_FIELD or not text.isprintable():
            return f"{name} is empty, longer than {_LONGEST_FIELD} characters or not printable"
    if len(basket.external_id) > _LONGEST_FIELD:
        return f"store_id and basket_id together are longer than {_LONGEST_FIELD - 1} characters"
    if None in record:
        return "the row has more fields than the header"
    if record["household_id"].strip() != basket.household:
        return "the basket belongs to another household in its first row"
    if _time(record).year == 1:
        return "transaction_timestamp is no ISO 8601 time"
    return ""


def _trade_problem(quantity: int, value: int, currency: str) -> tuple[Reason, str] | None:
    """Why these pieces for this money are no sale; None when they are. Nothing paid for pieces is a gift, and legal."""
    paid = Money(value, currency)
    if quantity < 0 or value < 0:
        return Reason.RETURN, f"{quantity} pieces for {paid}: a return, not a sale"
    if quantity == 0 and value == 0:
        return Reason.NOTHING_SOLD, "quantity 0 for 0: nothing was sold"
    if quantity == 0:
        return Reason.VALUE_WITHOUT_QUANTITY, f"{paid} for quantity 0: money without goods"
    if 0 < value < quantity:
        detail = f"{quantity} units for {paid}: one unit costs less than the smallest coin (measured goods, as fuel)"
        return Reason.BELOW_MINOR_UNIT, detail
    return None
