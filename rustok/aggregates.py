"""How aggregates are restored from their events: apps register pure folds, the event log replays them.

    register(Aggregate(name="payment", state=PaymentState, fold=fold, stored=stored_payments, table="payments_payment"))

The state is a frozen dataclass of primitives: what the events tell about one aggregate. `stored` reads the same from
the rows, so that `events verify` can compare. A fold knows the newest version of each event only (`rustok.upcasting`)
and ignores facts that do not change its state.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from rustok.events import DomainEvent
from rustok.plain import shape

Fold = Callable[[Any, DomainEvent], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One kind of aggregate: `name` as in its streams, `<name>-<id>`.

    `fold(state, event)` starts with None. `stored(ids)` gives the states that the rows hold. `table` names the rows
    each of which must have a stream ("": not all have one). `platform`: in the platform's log instead of the tenants'.
    `also` looks at what no fold can see, and says what is wrong.
    """

    name: str
    state: type[Any]
    fold: Fold
    stored: Callable[[Collection[UUID]], Mapping[UUID, Any]]
    table: str = ""
    platform: bool = False
    also: Callable[[], Sequence[str]] | None = None

    def replay(self, events: Sequence[DomainEvent], state: Any = None) -> Any:
        """The state after the events, from `state` (None: from nothing)."""
        for event in events:
            state = self.fold(state, event)
        return state

    def differences(self, replayed: Any, stored: Any) -> list[str]:
        """What the rows say otherwise than the events; empty when they agree."""
        if replayed is None or stored is None:
            return [] if replayed is stored else ["row is missing" if stored is None else "events tell of nothing"]
        return [
            f"{field.name}: events say {_shown(replayed, field.name)}, the row {_shown(stored, field.name)}"
            for field in fields(self.state)
            if getattr(replayed, field.name) != getattr(stored, field.name)
        ]


_aggregates: Final[dict[str, Aggregate]] = {}


def register(aggregate: Aggregate) -> None:
    """Offer a kind of aggregate for replay; called from an app's `aggregates.py`, which `apps.events` discovers."""
    known = _aggregates.setdefault(aggregate.name, aggregate)
    if known.state.__qualname__ != aggregate.state.__qualname__:
        raise ValueError(f"aggregate {aggregate.name} is registered twice")


def unregister(name: str) -> None:
    """Forget a kind of this process; for tests."""
    _aggregates.pop(name, None)


def aggregates(*, platform: bool) -> tuple[Aggregate, ...]:
    """The kinds that live in the platform's log, or in each tenant's, by name."""
    return tuple(kind for _name, kind in sorted(_aggregates.items()) if kind.platform == platform)


def aggregate_of(stream: str) -> Aggregate | None:
    """The kind that a stream belongs to; None when nobody registered it."""
    return _aggregates.get(stream.partition("-")[0])


def schema_hash(aggregate: Aggregate) -> str:
    """Changes whenever a stored state could mean something else: the state's members and types, or the fold's code.

    Taken over the source of the fold's module, so that a harmless edit costs a replay and a harmful one costs no more.
    """
    return hashlib.sha256(shape(aggregate.state).encode() + b"\0" + _code_of(aggregate.fold)).hexdigest()


def _code_of(fold: Fold) -> bytes:
    """The source of the fold's module; its own byte code where no source is (a shell, a frozen installation)."""
    module = sys.modules.get(fold.__module__ or "")
    try:
        return inspect.getsource(module).encode() if module else fold.__code__.co_code
    except OSError:
        return fold.__code__.co_code


def _shown(state: Any, name: str) -> str:
    return str(getattr(state, name))[:80]
