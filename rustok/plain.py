"""From JSON back to frozen dataclasses: the reverse of what orjson writes of them. For events and states of aggregates.

Own and small instead of a validator: the data were checked when they were recorded, folds read them by the thousand,
and the types are few. Missing members take their default, or raise TypeError; unknown ones are ignored, so that old
code can read the events of newer code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

Reader = Callable[[Any], Any]


def reader(hint: Any) -> Reader | None:
    """What makes a value of this type from JSON's; None when JSON's is right already. Raises ValueError, TypeError."""
    return _reader(hint)


def object_reader(cls: Any) -> Reader:
    """What makes an instance of a dataclass from a JSON object."""
    return _reader(cls) or _objects(cls)


@cache
def _reader(hint: Any) -> Reader | None:
    if hint is UUID:
        return UUID
    if hint in (datetime, date):
        return _dates(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if dataclasses.is_dataclass(hint):
        return _objects(hint)
    if is_typeddict(hint):
        return _members({name: reader(part) for name, part in get_type_hints(hint).items()})
    return _containers(get_origin(hint), get_args(hint))


def shape(hint: Any) -> str:
    """A text that changes whenever the type, or one inside it, would read or write other JSON."""
    if dataclasses.is_dataclass(hint) or is_typeddict(hint):
        members = {name: shape(part) for name, part in sorted(get_type_hints(hint).items())}
        return f"{getattr(hint, '__name__', hint)}{members}"
    inner = get_args(hint)
    return f"{get_origin(hint)}[{', '.join(map(shape, inner))}]" if inner else str(hint)


def _dates(hint: Any) -> Reader:
    read: Reader = hint.fromisoformat
    return read


def _objects(cls: Any) -> Reader:
    hints = get_type_hints(cls)
    plain = [f.name for f in dataclasses.fields(cls) if f.init and reader(hints[f.name]) is None]
    others = [(f.name, reader(hints[f.name])) for f in dataclasses.fields(cls) if f.init]
    converted = [(name, read) for name, read in others if read is not None]

    def read_object(data: Mapping[str, Any]) -> Any:
        members = {name: data[name] for name in plain if name in data}
        for name, read in converted:
            if name in data:
                members[name] = read(data[name])
        return cls(**members)

    return read_object


def _members(readers: Mapping[str, Reader | None]) -> Reader | None:
    converted = [(name, read) for name, read in readers.items() if read is not None]
    if not converted:
        return None

    def read_members(data: Mapping[str, Any]) -> Any:
        return {**data, **{name: read(data[name]) for name, read in converted if name in data}}

    return read_members


def _containers(origin: Any, inner: tuple[Any, ...]) -> Reader | None:
    if origin in (Union, UnionType):
        (part,) = [reader(choice) for choice in inner if choice is not NoneType] or [None]
        return None if part is None else lambda value: None if value is None else part(value)
    if origin is tuple:
        return _each(tuple, inner[0]) or tuple
    if origin is list:
        return _each(list, inner[0])
    if origin is dict:
        each = reader(inner[1])
        return None if each is None else lambda values: {key: each(value) for key, value in values.items()}
    return None


def _each(collect: Callable[[Any], Any], hint: Any) -> Reader | None:
    read = reader(hint)
    return None if read is None else lambda values: collect(map(read, values))
