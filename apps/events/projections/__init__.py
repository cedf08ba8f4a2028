"""Projections: tables that follow the log. The protocol, and the registry of those who speak it.

A projection is a subscription like any other: cursor, lease, parked keys. Its rows carry the *build* they belong to,
the id of the subscription that wrote them, and they commit with the cursor: every fact counts once, whatever dies.
Readers look at the rows of the live build, the subscription `projection:<name>`; a rebuild is a second subscription,
`projection:<name>:shadow`, that starts at the first event and takes over the name once it has caught up (ADR 0019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol
from uuid import UUID

from apps.events.enrolment import Standing, stand
from apps.events.errors import UnknownProjection
from apps.events.projections.snapshots import Snapshot, Table
from apps.events.projections.snapshots import restore as restore_tables
from apps.events.projections.snapshots import take as take_tables
from apps.events.records import StoredEvent

__all__ = [
    "TRANSPORT",
    "Projection",
    "Snapshot",
    "Table",
    "TableProjection",
    "get_projection",
    "live_name",
    "projections",
    "register_projection",
    "shadow_name",
    "target_of",
    "unregister_projection",
]

TRANSPORT: Final = "projection"


class Projection(Protocol):
    """Rows made of facts. `version` grows when the same facts make other rows: builds of another version are not fed.

    `handles` are filters over event types (`apps.events.patterns`); `tables` is where the rows are.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    handles: ClassVar[tuple[str, ...]]
    tables: ClassVar[tuple[Table, ...]]

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        """Count the facts into the rows of `build`, each stream in its order; raise to refuse.

        Runs in the transaction that moves the cursor. A refused batch is offered again in halves, down to one fact.
        """

    def snapshot(self, build: UUID) -> Snapshot:
        """The rows of a build, without a position: whoever takes one knows it."""

    def restore(self, snapshot: Snapshot, build: UUID) -> None:
        """Make the rows of an empty build from a snapshot; raises StaleSnapshot for another version's."""


class TableProjection:
    """Base of projections whose whole state is in `tables`; subclasses write `handle`."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    handles: ClassVar[tuple[str, ...]]
    tables: ClassVar[tuple[Table, ...]]

    def snapshot(self, build: UUID) -> Snapshot:
        """Every row of the build as JSON; one statement per table, memory as large as the rows."""
        return take_tables(self.name, self.version, self.tables, build)

    def restore(self, snapshot: Snapshot, build: UUID) -> None:
        """Write the snapshot's rows under another build; one statement per table."""
        restore_tables(snapshot, name=self.name, version=self.version, tables=self.tables, build=build)


@dataclass(slots=True)
class _Registry:
    """What the apps of this process have registered."""

    known: dict[str, Projection]


_registry: Final = _Registry({})


def register_projection(projection: Projection) -> None:
    """Keep a projection in every tenant's log, from its first event on; called in an app's `handlers.py`."""
    known = _registry.known.get(projection.name)
    if known is not None and type(known) is not type(projection):
        raise ValueError(f"projection {projection.name} is registered twice")
    _registry.known[projection.name] = projection
    stand(_standing)


def unregister_projection(name: str) -> None:
    """Forget a projection of this process; for tests."""
    _registry.known.pop(name, None)


def projections() -> tuple[Projection, ...]:
    """Every registered projection, by name."""
    return tuple(_registry.known[name] for name in sorted(_registry.known))


def get_projection(name: str) -> Projection:
    """The projection of this name; raises UnknownProjection."""
    found = _registry.known.get(name)
    if found is None:
        raise UnknownProjection(projection=name)
    return found


def live_name(name: str) -> str:
    """The subscription whose rows readers see."""
    return f"{TRANSPORT}:{name}"


def shadow_name(name: str) -> str:
    """The subscription of a rebuild under way."""
    return f"{TRANSPORT}:{name}:shadow"


def target_of(projection: Projection) -> str:
    """What a build's subscription remembers: projection and version."""
    return f"{projection.name}.v{projection.version}"


def _standing() -> list[Standing]:
    return [
        Standing(
            name=live_name(projection.name),
            transport=TRANSPORT,
            target=target_of(projection),
            event_types=projection.handles,
            tenants_only=True,
        )
        for projection in projections()
    ]
