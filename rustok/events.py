"""Facts that apps publish: the base class of domain events and the port that stores them.

An event is a frozen dataclass of primitives, named in the past tense. `record` it inside a unit of work; it is stored
with the rows it speaks of, in the same transaction, or not at all.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class OrderPlaced(DomainEvent):
        type: ClassVar[str] = "orders.order_placed"
        aggregate: ClassVar[str] = "order"
        key: ClassVar[str] = "order_id"
        order_id: UUID
        total: int
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

_types: dict[tuple[str, int], type[DomainEvent]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """One fact. Subclasses set `type`, `aggregate`, `key` (the field that names the aggregate) and maybe `version`."""

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1
    aggregate: ClassVar[str] = ""
    key: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the type and version; a second class under the same name is a programming error."""
        super(DomainEvent, cls).__init_subclass__(**kwargs)
        if not cls.type:
            return
        known = _types.get((cls.type, cls.version))
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"event type {cls.type}.v{cls.version} is used twice")
        _types[(cls.type, cls.version)] = cls

    @property
    def stream(self) -> str:
        """The stream this fact belongs to: `<aggregate>-<id>`. Order is kept inside a stream."""
        return f"{self.aggregate}-{getattr(self, self.key)}"

    @classmethod
    def wire_type(cls) -> str:
        """The published name with its version, as in `orders.order_placed.v1`."""
        return f"{cls.type}.v{cls.version}"

    def data(self) -> dict[str, Any]:
        """The fact as JSON-ready primitives (UUID and datetime become strings)."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def event_types() -> dict[tuple[str, int], type[DomainEvent]]:
    """Every known event class by (type, version)."""
    return dict(_types)


class EventRecorder(Protocol):
    """Port: appends events to the log of the current tenant inside the open transaction.

    `expected` names the version that a stream must have before: 0 for one that this very transaction creates.
    """

    def append(self, events: Sequence[DomainEvent], *, expected: Mapping[str, int]) -> None:
        """Store the events in order, plus the wake-up row; raises VersionConflict when a parallel writer won."""

    def hint(self) -> None:
        """After commit: tell a relay that something is there. Lossy, bounded, never raises, never waits."""
