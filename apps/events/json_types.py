"""From the types of an event's fields to JSON Schema: only what `DomainEvent.data` can write, everything else refused.

Own and small instead of a library's generator, because stored contracts must not change when a library is upgraded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

_PLAIN: Final[Mapping[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    NoneType: {"type": "null"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Any: {},
}


def object_schema(cls: Any) -> dict[str, Any]:
    """The schema of a dataclass or TypedDict.

    A member of a dataclass that has a default came later: what was recorded before lacks it, so it is not required.
    """
    hints = get_type_hints(cls)
    if is_typeddict(cls):
        names, required = list(hints), cls.__required_keys__
    else:
        members = dataclasses.fields(cls)
        names = [field.name for field in members]
        required = frozenset(field.name for field in members if _has_no_default(field))
    return {
        "type": "object",
        "title": cls.__name__,
        "description": (cls.__doc__ or "").strip(),
        "properties": {name: schema_of_type(hints[name]) for name in names},
        "required": sorted(required),
    }


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def schema_of_type(kind: Any) -> dict[str, Any]:
    """The schema of one type; TypeError for one that events cannot carry."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [member.value for member in kind]}
    if is_typeddict(kind) or dataclasses.is_dataclass(kind):
        return object_schema(kind)
    return _composed(kind, get_origin(kind), get_args(kind))


def _composed(kind: Any, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of_type(option) for option in arguments]}
    if origin in (list, tuple) and set(arguments[1:]) <= {Ellipsis}:
        return {"type": "array", "items": schema_of_type(arguments[0])}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema_of_type(arguments[1])}
    raise TypeError(f"{kind!r} cannot be a member of an event")
