"""Whether the rows say what the events say: every aggregate is replayed from its first event and compared.

Writers go on meanwhile. What differs in the first pass is read again by itself, until nobody wrote between reading the
events and the row; only what differs then is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.events.aggregates.restoring import IncompleteStream, restore
from apps.events.aggregates.streams import Entry, all_entries, head_of, stream_of
from rustok.aggregates import Aggregate
from rustok.upcasting import UnreadableEvent

CHUNK: Final = 500  # streams compared with their rows at once
REPORTED: Final = 100  # differences told one by one; all are counted
TRIES: Final = 5

_WITHOUT_STREAM: Final = """
    SELECT count(*), (array_agg(r.id))[1:5] FROM {table} r
    WHERE NOT EXISTS (SELECT 1 FROM events_event e WHERE e.stream = %s || r.id)
"""
_FLOOR: Final = "SELECT coalesce(max(position), 0) FROM events_counter WHERE name = 'floor'"


@dataclass(slots=True)
class Verdict:
    """Of one kind: streams compared, streams that retention cut (nothing can be said of them), what differs."""

    aggregate: str
    compared: int = 0
    cut: int = 0
    differing: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        """Count a difference, and keep its text while there are few."""
        self.differing += 1
        if len(self.differences) < REPORTED:
            self.differences.append(what)


def verify(kind: Aggregate, *, advance: Callable[[int], None] = lambda _events: None) -> Verdict:
    """Replay every aggregate of a kind in the current scope. One pass over its streams, a few statements per CHUNK.

    `advance` hears how many events were replayed.
    """
    verdict = Verdict(kind.name)
    for chunk in _chunks(kind):
        stored = kind.stored([identity for identity, _entries in chunk])
        for identity, found in chunk:
            _compare(kind, identity, found, stored.get(identity), verdict)
        advance(sum(len(found) for _identity, found in chunk))
    _look_for_rows_without_stream(kind, verdict)
    for what in kind.also() if kind.also else ():
        verdict.add(what)
    return verdict


def _chunks(kind: Aggregate) -> Iterator[list[tuple[UUID, list[Entry]]]]:
    chunk: list[tuple[UUID, list[Entry]]] = []
    for stream, found in groupby(all_entries(kind.name), key=attrgetter("stream")):
        chunk.append((UUID(stream.partition("-")[2]), list(found)))
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _compare(kind: Aggregate, identity: UUID, found: Sequence[Entry], stored: Any, verdict: Verdict) -> None:
    if found[0].version != 1 or found[-1].version != len(found):
        verdict.cut += 1
        return
    verdict.compared += 1
    try:
        differences = kind.differences(kind.replay([entry.event() for entry in found]), stored)
        differences = differences and _looked_at_again(kind, identity)
    except UnreadableEvent as error:
        differences = [f"cannot be read: {str(error)[:200]}"]
    for difference in differences:
        verdict.add(f"{stream_of(kind.name, identity)}: {difference}")


def _looked_at_again(kind: Aggregate, identity: UUID) -> list[str]:
    """The differences between events and row while nobody wrote in between; none when somebody always does."""
    stream = stream_of(kind.name, identity)
    for _try in range(TRIES):
        try:
            restored = restore(kind, stream, snapshots=False)
        except IncompleteStream:
            return []  # retention came by
        stored = kind.stored([identity]).get(identity)
        if head_of(stream) == restored.version:
            return kind.differences(restored.state, stored)
    return []


def _look_for_rows_without_stream(kind: Aggregate, verdict: Verdict) -> None:
    if not kind.table:
        return
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_STREAM.format(table=kind.table), [f"{kind.name}-"])
        count, examples = cursor.fetchone()
        if not count:
            return
        cursor.execute(_FLOOR)
        if cursor.fetchone()[0]:
            verdict.cut += int(count)
            return
    verdict.add(f"{count} rows of {kind.table} have no events, as {', '.join(map(str, examples))}")
