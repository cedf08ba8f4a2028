"""Cursor pagination by keyset: one query per page whatever its number, stable while rows come and go.

A cursor is opaque and sealed: it is valid for the list, tenant and filters that issued it, anything else is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from django.db.models import Field as ModelField
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from pydantic import Field, StringConstraints

from rustok.api.calls import Call
from rustok.api.models import Out, Query
from rustok.config import config
from rustok.errors.families import UnknownCursor
from rustok.telemetry.metrics import observe_list

T = TypeVar("T")
_SEAL: Final = 12
Cursor = Annotated[str, StringConstraints(min_length=24, max_length=1000, pattern=r"^[A-Za-z0-9_-]*$")]


class PageQuery(Query):
    """The parameters of every list. Derive filters from it."""

    cursor: Cursor | None = Field(None, description="Where to go on: taken from `next` or `previous` of an answer.")
    page_size: int = Field(20, ge=1, le=100, description="Most results of one page.")


class Page(Out, Generic[T]):
    """One page of a list."""

    results: list[T]
    next: str | None = Field(description="Address of the next page, null on the last one.")
    previous: str | None = Field(description="Address of the previous page, null on the first one.")


def is_page(answer: Any) -> bool:
    """Whether an answer type is `Page[...]`."""
    return isinstance(answer, type) and issubclass(answer, Page)


@dataclass(frozen=True, slots=True)
class _Position:
    backwards: bool
    values: tuple[Any, ...]


def _as_it_is(value: Any) -> Any:
    return value


def paginate(
    rows: QuerySet[Any, Any],
    call: Call[Any, Any],
    to_dict: Callable[[Any], Any] = _as_it_is,
    ordering: Sequence[str] = ("-id",),
    *,
    complete: Callable[[list[Any]], Sequence[Any]] = _as_it_is,
) -> dict[str, Any]:
    """The page that the call asks for, in the shape of `Page`, of the rows that the caller may see.

    `complete` makes what `to_dict` takes of all rows of the page at once, where one by one would cost more.
    The last column of `ordering` must be unique and none may be null.
    Raises UnknownCursor for a cursor that was not issued for this very list. Costs one query.
    """
    rows = call.visible(rows)
    query: PageQuery = call.query
    seal = _sealer(call, ordering)
    position = _open(query.cursor, seal, rows, ordering) if query.cursor is not None else None
    backwards = position is not None and position.backwards
    columns = tuple(_reversed(name) for name in ordering) if backwards else tuple(ordering)
    if position is not None:
        rows = rows.filter(_beyond(columns, position.values))
    found = list(rows.order_by(*columns)[: query.page_size + 1])
    more, found = len(found) > query.page_size, found[: query.page_size]
    observe_list(requested=query.page_size, returned=len(found))
    if backwards:
        found.reverse()
    forth, back = (True, more) if backwards else (more, position is not None)
    return {
        "results": [to_dict(row) for row in complete(found)],
        "next": _address(call.request, seal, ordering, found[-1], backwards=False) if forth and found else None,
        "previous": _address(call.request, seal, ordering, found[0], backwards=True) if back and found else None,
    }


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(columns: Sequence[str], values: Sequence[Any]) -> Q:
    """`(a, b) > (x, y)` written out, since directions may differ between columns."""
    beyond, equal = Q(), Q()
    for name, value in zip(columns, values, strict=True):
        column = name.removeprefix("-")
        beyond |= equal & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{column: value})
    return beyond


def _sealer(call: Call[Any, Any], ordering: Sequence[str]) -> Callable[[bytes], bytes]:
    filters = call.query.model_dump(mode="json", exclude={"cursor", "page_size"})
    scope = orjson.dumps([call.context.schema, call.request.path, list(ordering), filters])
    key = hashlib.sha256(b"rustok.cursor" + config().secret_key.get_secret_value().encode()).digest()
    return lambda payload: hmac.digest(key, scope + payload, "sha256")[:_SEAL]


def _open(cursor: str, seal: Callable[[bytes], bytes], rows: QuerySet[Any, Any], ordering: Sequence[str]) -> _Position:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise UnknownCursor from None
    payload, given = raw[_SEAL:], raw[:_SEAL]
    if not hmac.compare_digest(seal(payload), given):
        raise UnknownCursor
    backwards, *values = orjson.loads(payload)
    fields = [_column(rows, name) for name in ordering]
    return _Position(backwards, tuple(field.to_python(value) for field, value in zip(fields, values, strict=True)))


def _column(rows: QuerySet[Any, Any], name: str) -> ModelField[Any, Any]:
    column: ModelField[Any, Any] = rows.model._meta.get_field(name.removeprefix("-"))
    return column


def _address(
    request: HttpRequest, seal: Callable[[bytes], bytes], ordering: Sequence[str], row: Any, *, backwards: bool
) -> str:
    payload = orjson.dumps([backwards, *(_value(row, name.removeprefix("-")) for name in ordering)])
    cursor = urlsafe_b64encode(seal(payload) + payload).rstrip(b"=").decode()
    query = request.GET.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _value(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, Mapping) else getattr(row, name)
