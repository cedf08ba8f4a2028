"""Bringing old events forward: pure functions from one version of an event's data to the next, applied when reading.

    @upcaster("orders.order_placed", from_version=1)
    def with_channel(data: Data) -> Data:
        return data | {"channel": "web"}

The log keeps what was recorded, and whoever gets events over the wire gets them in the version that the `type` names.
Code that folds events reads `decode`, which knows the newest version only. A version is old when an upcaster leads away
from it. Its class stays, because logs hold and deliver such events still, under the schema that is served for them; so
do its contract and its sample under `tests/contracts/`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import orjson

from rustok.events import DomainEvent, event_types
from rustok.plain import Reader, object_reader

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]

_upcasters: Final[dict[tuple[str, int], Upcaster]] = {}


class UnreadableEvent(LookupError):
    """No class of this process can hold the event: its app is gone, an upcaster is missing, or its data are damaged."""


def upcaster(event_type: str, *, from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Register the way from one version to the next. One per version; a second one is a programming error."""

    def register(function: Upcaster) -> Upcaster:
        known = _upcasters.setdefault((event_type, from_version), function)
        if (known.__module__, known.__qualname__) != (function.__module__, function.__qualname__):
            raise TypeError(f"{event_type}.v{from_version} has two upcasters")
        return function

    return register


def upcast(event_type: str, version: int, data: Data) -> tuple[int, Data]:
    """The newest version that registered steps lead to, and the data in it. Pure; the given data stay as they are."""
    while (step := _upcasters.get((event_type, version))) is not None:
        version, data = version + 1, step(dict(data))
    return version, data


def is_current(event_type: str, version: int) -> bool:
    """Whether no step leads away from this version."""
    return (event_type, version) not in _upcasters


def old_versions() -> frozenset[tuple[str, int]]:
    """Every (type, version) that an upcaster leads away from."""
    return frozenset(_upcasters)


def decode(event_type: str, version: int, raw: str) -> DomainEvent:
    """The event as an object of its newest class, from its stored JSON; unknown members are ignored.

    Raises UnreadableEvent. Costs about 5 µs, more by what upcasters do.
    """
    try:
        newest, data = upcast(event_type, version, orjson.loads(raw))
        event: DomainEvent = _reader(event_type, newest)(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(f"{event_type}.v{version}: {error}") from error
    return event


@cache
def _reader(event_type: str, version: int) -> Reader:
    return object_reader(event_types()[(event_type, version)])
