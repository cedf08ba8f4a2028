"""All flags as they were at one version: what a process holds in memory, and what lies on disk for a cold start.

A snapshot is immutable. It is compiled from a document (plain JSON types), the same whether that came from the database
or from the disk.
"""

from __future__ import annotations

import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final
from uuid import UUID

from apps.flags.registry import Unit, declared
from apps.flags.rules import Audience, Rules, compile_level
from apps.flags.targeting import Targeting
from rustok.db.ids import IdSet

FROM_DATABASE: Final = "database"
FROM_DISK: Final = "disk"
DECLARED: Final = "declared"
_REMEMBERED: Final = 50_000
_PAUSE_SECONDS: Final = 1.0

Document = Mapping[str, Any]


class NotLookedUp(Exception):
    """The store did not answer: nothing is known of this id."""


class Ordinals:
    """Which dense number an id has in audiences. Numbers are never reused, so a known one stays right.

    Small directories are complete in memory; of large ones those who come are looked up and remembered. After a look-up
    that failed nobody asks for a second: each would wait as long as the first for a store that is down.
    """

    def __init__(
        self,
        known: Mapping[str, int],
        *,
        complete: bool,
        find: Callable[[str], int | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`find` asks the database or raises NotLookedUp; it is not called when the directory is complete."""
        self._known, self._complete, self._find, self._clock = known, complete, find, clock
        self._silent_until = 0.0
        self._found: OrderedDict[str, int | None] = OrderedDict()
        self._lock = Lock()

    def __call__(self, subject: str) -> int | None:
        """The number of an id, or None: it is in no audience, as far as can be said now."""
        ordinal = self._known.get(subject)
        if ordinal is not None or self._complete:
            return ordinal
        if subject in self._found:
            return self._found[subject]
        if self._clock() < self._silent_until:
            return None
        try:
            ordinal = self._find(subject)
        except NotLookedUp:
            self._silent_until = self._clock() + _PAUSE_SECONDS
            return None
        with self._lock:
            self._found[subject] = ordinal
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
        return ordinal


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every flag, compiled. `origin` says where it comes from, `read_at` when (seconds since 1970, database clock)."""

    version: int
    origin: str
    read_at: float
    flags: Mapping[str, Rules]
    ordinals: Ordinals
    document: Document = field(repr=False, compare=False)


def empty() -> Document:
    """What is known without any store: nothing."""
    return {"version": 0, "read_at": 0.0, "flags": [], "shops": [], "audiences": [], "subjects": {}, "complete": True}


def compiled(document: Document, *, origin: str, find: Callable[[str], int | None]) -> Snapshot:
    """Compile a document; declared flags without a row are there and off. Costs about 20 µs per flag and shop rule."""
    audiences = _audiences(document)
    shops = _shops(document)
    flags = {spec.key: Rules(spec.key, False, {}, ()) for spec in declared()}
    for row in document["flags"]:
        flags[row["key"]] = _flag(row, shops.get(row["key"], {}), audiences)
    return Snapshot(
        version=document["version"],
        origin=origin,
        read_at=document["read_at"],
        flags=flags,
        ordinals=Ordinals(document["subjects"], complete=document["complete"], find=find),
        document=document,
    )


def _flag(
    row: Document, shops: Mapping[UUID, Document], audiences: Mapping[UUID | None, Mapping[str, Audience]]
) -> Rules:
    key, unit = row["key"], Unit(row["unit"])
    common = audiences.get(None, {})
    platform = compile_level(key, "platform", Targeting.from_dict(row["targeting"]), unit=unit, audiences=common)
    of_shops = {
        tenant: compile_level(
            key,
            "shop",
            Targeting.from_dict(targeting),
            # inside one shop a share of shops would be all or nothing
            unit=Unit.ACTOR,
            audiences={**common, **audiences.get(tenant, {})},
        )
        for tenant, targeting in shops.items()
        if row["delegated"]
    }
    return Rules(key, bool(row["killed"]), of_shops, platform)


def _shops(document: Document) -> dict[str, dict[UUID, Document]]:
    found: dict[str, dict[UUID, Document]] = {}
    for row in document["shops"]:
        found.setdefault(row["key"], {})[UUID(row["tenant"])] = row["targeting"]
    return found


def _audiences(document: Document) -> dict[UUID | None, dict[str, Audience]]:
    found: dict[UUID | None, dict[str, Audience]] = {}
    for row in document["audiences"]:
        owner = UUID(row["tenant"]) if row["tenant"] else None
        found.setdefault(owner, {})[row["key"]] = Audience(IdSet.from_bytes(b64decode(row["members"])), row["of"])
    return found
