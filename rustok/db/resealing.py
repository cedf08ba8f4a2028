"""After a change of the platform's secret key: what was sealed under a former one is sealed under the newest.

Apps name their sealed columns when they start; `manage.py secrets renew` walks them in every scope. Only when nothing
waits any more may `RUSTOK_SECRET_KEY_FALLBACKS` be emptied, or what waits is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.apps import apps

from rustok.sealing import Unsealable, is_current, seal, unseal

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A binary column whose values `rustok.sealing` sealed for this purpose, bound to the row's primary key.

    `where` leaves out rows that keep something else there.
    """

    model: str
    column: str
    purpose: str
    where: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """As people see it."""
        return f"{self.model}.{self.column}"


@dataclass(slots=True)
class Standing:
    """The values of one column in one scope: all, those under a former key, those that no configured key opens."""

    column: str
    values: int = 0
    former: int = 0
    lost: int = 0
    renewed: int = 0


_columns: dict[str, SealedColumn] = {}


def sealed(*columns: SealedColumn) -> None:
    """Name sealed columns; again is no error."""
    _columns.update({column.name: column for column in columns})


def sealed_columns() -> tuple[SealedColumn, ...]:
    """Every sealed column, by name."""
    return tuple(_columns[name] for name in sorted(_columns))


def standing(column: SealedColumn, *, renew: bool = False) -> Standing:
    """Look at every value of the current scope, or seal those under a former key afresh. One statement per 500 rows.

    A value that changes meanwhile is left alone: whoever changed it has sealed it anew, or has shredded it.
    """
    found = Standing(column.name)
    for key, value in _values(column):
        found.values += 1
        if is_current(value, purpose=column.purpose):
            continue
        try:
            secret = unseal(value, purpose=column.purpose, row=key)
        except Unsealable:
            found.lost += 1
            continue
        found.former += 1
        if renew:
            found.renewed += _replace(column, key, value, seal(secret, purpose=column.purpose, row=key))
    return found


def _values(column: SealedColumn) -> Iterator[tuple[UUID, bytes]]:
    every: Any = apps.get_model(column.model)._default_manager.filter(**dict(column.where))
    rows = every.exclude(**{column.column: None}).order_by("pk")
    last: UUID | None = None
    while True:
        page = list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", column.column)[:BATCH])
        yield from ((key, bytes(value)) for key, value in page)
        if len(page) < BATCH:
            return
        last = page[-1][0]


def _replace(column: SealedColumn, key: UUID, old: bytes, new: bytes) -> int:
    rows: Any = apps.get_model(column.model)._default_manager.filter(pk=key, **{column.column: old})
    return int(rows.update(**{column.column: new}))
