"""One aggregate as its events tell it, now or at an earlier version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.events.aggregates.snapshots import load
from apps.events.aggregates.streams import entries
from rustok.aggregates import Aggregate


@dataclass(frozen=True, slots=True)
class Restored:
    """A state, the version of the stream it stands at (0: no event), and how many events had to be replayed for it."""

    state: Any
    version: int
    replayed: int


class IncompleteStream(LookupError):
    """Events are missing in the middle or at the beginning: retention removed them, or the log is damaged."""


def restore(kind: Aggregate, stream: str, *, until: int | None = None, snapshots: bool = True) -> Restored:
    """The aggregate after version `until` (None: all of its events), from the latest fitting snapshot on.

    Raises IncompleteStream, UnreadableEvent. Costs two statements and about 15 µs per event behind the snapshot.
    """
    state, version = load(kind, stream, until=until) if snapshots else (None, 0)
    replayed = 0
    for entry in entries(stream, after=version, until=until):
        if entry.version != version + 1:
            raise IncompleteStream(f"{stream} has no version {version + 1}")
        state = kind.fold(state, entry.event())
        version, replayed = entry.version, replayed + 1
    return Restored(state, version, replayed)
