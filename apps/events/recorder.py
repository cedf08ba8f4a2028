"""Appending to the log: one statement, in the transaction of the change, with the wake-up for the relay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from django.db import IntegrityError, connection

from apps.events import causation, hints
from apps.operations.wakeups import PLATFORM, WAKEUPS
from rustok.context import ExecutionContext, current
from rustok.db.ids import new_id
from rustok.db.transactions import current_unit_of_work
from rustok.errors.families import VersionConflict
from rustok.events import DomainEvent

NO_TRACE: Final = "0" * 32  # W3C Trace Context section 3.2.2.3: not a valid trace id
VERSION_CONSTRAINT: Final = "events_event_version_uq"
_TAKEN: Final = re.compile(r"=\((?P<stream>.*), (?P<version>\d+)\)")
_APPEND: Final = (
    f"WITH woken AS (INSERT INTO {WAKEUPS} (id, tenant_id) VALUES (%s, %s))"  # noqa: S608 - constants only
    " INSERT INTO events_event (id, stream, version, type, schema_version, data, metadata) VALUES "
)
_NEW: Final = "(%s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
# The head of the stream as this statement's snapshot sees it: whoever writes version n+1 has seen n committed, so its
# `seq` is greater, so numbering by `seq` keeps the stream in order (trap 54). A parallel writer of the same version
# loses on the unique constraint.
_HEAD: Final = "(SELECT coalesce(max(version), 0) FROM events_event WHERE stream = %s)"
_NEXT: Final = f"(%s, %s, {_HEAD} + %s, %s, %s, %s::jsonb, %s::jsonb)"


class PostgresEventRecorder:
    """The port `rustok.events.EventRecorder` on the table `events_event` of the current scope."""

    def append(self, events: Sequence[DomainEvent], *, new_streams: frozenset[str]) -> None:
        """Store the events in order; one statement whatever their number.

        Raises VersionConflict when a parallel transaction wrote the same version of a stream first.
        """
        current_unit_of_work()
        context = current()
        metadata = orjson.dumps(metadata_of(context)).decode()
        parameters: list[Any] = [new_id(), context.tenant.id if context.tenant else PLATFORM]
        rows = [_row(event, new_streams, offset, metadata, parameters) for event, offset in _offsets(events)]
        try:
            with connection.cursor() as cursor:
                cursor.execute(_APPEND + ", ".join(rows), parameters)
        except IntegrityError as error:
            conflict = _conflict(error)
            if conflict is None:
                raise
            raise conflict from error

    def hint(self) -> None:
        """Wake a relay soon. Costs the caller one flag; the message is sent by a thread, coalesced, and may be lost."""
        hints.hint()


def metadata_of(context: ExecutionContext) -> dict[str, str]:
    """Who, on behalf of which request, inside which trace, because of which other event."""
    facts = {"actor": context.actor.reference}
    if context.trace.trace_id != NO_TRACE:
        facts |= {"correlation": context.trace.trace_id, "traceparent": context.trace.traceparent}
    if context.request_id:
        facts["correlation"] = context.request_id
    cause = causation.cause()
    if cause is not None:
        facts["causation"] = str(cause)
    return facts


def _offsets(events: Sequence[DomainEvent]) -> list[tuple[DomainEvent, int]]:
    seen: dict[str, int] = {}
    numbered = []
    for event in events:
        stream = event.stream
        seen[stream] = seen.get(stream, 0) + 1
        numbered.append((event, seen[stream]))
    return numbered


def _row(event: DomainEvent, new_streams: frozenset[str], offset: int, metadata: str, parameters: list[Any]) -> str:
    """Add the event's parameters and return its VALUES row; orjson writes what `DomainEvent.data` would."""
    stream = event.stream
    data = orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()
    if stream in new_streams:
        parameters += (new_id(), stream, offset, event.type, event.version, data, metadata)
        return _NEW
    parameters += (new_id(), stream, stream, offset, event.type, event.version, data, metadata)
    return _NEXT


def _conflict(error: IntegrityError) -> VersionConflict | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None or diagnosis.constraint_name != VERSION_CONSTRAINT:
        return None
    taken = _TAKEN.search(diagnosis.message_detail or "")
    stream, version = (taken["stream"], int(taken["version"])) if taken else ("stream", 0)
    return VersionConflict(resource=stream, current=version)
