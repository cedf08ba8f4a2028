"""Reading streams: the events of one aggregate in the order of their versions, whether they have a position or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from rustok.events import DomainEvent
from rustok.upcasting import decode

PAGE: Final = 2_000

_STREAM: Final = """
    SELECT stream, version, type, schema_version, data::text FROM events_event
    WHERE stream = %s AND version > %s AND (%s::int IS NULL OR version <= %s)
    ORDER BY version LIMIT %s
"""
_ALL: Final = """
    SELECT stream, version, type, schema_version, data::text FROM events_event
    WHERE (stream, version) > (%s, %s) AND stream < %s
    ORDER BY stream, version LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a stream, its data as JSON text."""

    stream: str
    version: int
    type: str
    schema_version: int
    raw: str

    def event(self) -> DomainEvent:
        """As an object of the newest version of its class; raises UnreadableEvent."""
        return decode(self.type, self.schema_version, self.raw)


def stream_of(name: str, identity: object) -> str:
    """The stream of one aggregate."""
    return f"{name}-{identity}"


def entries(stream: str, *, after: int = 0, until: int | None = None) -> Iterator[Entry]:
    """The events of a stream behind version `after`, up to `until`. One index range, read in pages."""
    while True:
        page = _read(_STREAM, [stream, after, until, until, PAGE])
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].version


def all_entries(name: str) -> Iterator[Entry]:
    """The events of every aggregate of a kind, stream by stream. One pass over its part of the index, read in pages."""
    stream, version, end = f"{name}-", 0, f"{name}."  # '.' follows '-'
    while True:
        page = _read(_ALL, [stream, version, end, PAGE])
        yield from page
        if len(page) < PAGE:
            return
        stream, version = page[-1].stream, page[-1].version


def head_of(stream: str) -> int:
    """The last version of a stream; 0 when it has none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(version), 0) FROM events_event WHERE stream = %s", [stream])
        return int(cursor.fetchone()[0])


def _read(statement: str, parameters: list[Any]) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Entry(*row) for row in cursor.fetchall()]
