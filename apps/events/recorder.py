"""Appending to the log: one statement, in the transaction of the change, with the wake-up for the relay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from django.db import IntegrityError, connections

from apps.events import causation, hints
from apps.operations.wakeups import PLATFORM, WAKEUPS
from rustok.context import ExecutionContext, Trace, current
from rustok.db.batches import send
from rustok.db.ids import new_id
from rustok.db.transactions import current_unit_of_work
from rustok.errors.families import VersionConflict
from rustok.events import DomainEvent
from rustok.telemetry.propagation import headers_of
from rustok.telemetry.tracing import Kind, span

NO_TRACE: Final = "0" * 32  # W3C Trace Context section 3.2.2.3: not a valid trace id
VERSION_CONSTRAINT: Final = "events_event_version_uq"
_TAKEN: Final = re.compile(r"=\((?P<stream>.*), (?P<version>\d+)\)")
_APPEND: Final = (
    f"WITH woken AS (INSERT INTO {WAKEUPS} (id, tenant_id) VALUES (%s, %s))"  # noqa: S608 - constants only
    " INSERT INTO events_event (id, stream, version, type, schema_version, data, metadata) VALUES "
)
_KNOWN: Final = "(%s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
# The head of the stream as this statement's snapshot sees it: whoever writes version n+1 has seen n committed, so its
# `seq` is greater, so numbering by `seq` keeps the stream in order (trap 54). A parallel writer of the same version
# loses on the unique constraint.
_HEAD: Final = "coalesce((SELECT version FROM events_event WHERE stream = %s ORDER BY version DESC LIMIT 1), 0)"
_HEADS: Final = "SELECT stream, max(version) FROM events_event WHERE stream = ANY (%s) GROUP BY stream"
_NEXT: Final = f"(%s, %s, {_HEAD} + %s, %s, %s, %s::jsonb, %s::jsonb)"


class PostgresEventRecorder:
    """The port `rustok.events.EventRecorder` on the table `events_event` of the current scope."""

    def append(self, events: Sequence[DomainEvent], *, expected: Mapping[str, int]) -> None:
        """Store the events in order; one statement whatever their number, sent with the unit of work's others.

        Raises VersionConflict when a stream is not at its expected version (one statement more for those above 0), or
        a parallel transaction wrote the same version first; the latter comes to light when the statement runs.
        """
        using, here = current_unit_of_work().using, current()
        if expected:
            _check_heads({stream: version for stream, version in expected.items() if version}, using)
        work = span("record events", kind=Kind.PRODUCER)
        trace = work.open(here.trace)
        failure: BaseException | None = None
        try:
            self._send(events, expected, here, trace, using)
        except BaseException as error:
            failure = error
            raise
        finally:
            if work.is_recorded:
                work.note(_described(events))
            work.close(failure)

    def _send(
        self,
        events: Sequence[DomainEvent],
        expected: Mapping[str, int],
        here: ExecutionContext,
        trace: Trace,
        using: str,
    ) -> None:
        metadata = orjson.dumps(metadata_of(here, trace)).decode()
        parameters: list[Any] = [new_id(), here.tenant.id if here.tenant else PLATFORM]
        rows = [_row(event, expected, offset, metadata, parameters) for event, offset in _offsets(events)]
        send(_APPEND + ", ".join(rows), parameters, using=using, refusal=_conflict)

    def hint(self) -> None:
        """Wake a relay soon. Costs the caller one flag; the message is sent by a thread, coalesced, and may be lost."""
        hints.hint()


def metadata_of(context: ExecutionContext, trace: Trace) -> dict[str, str]:
    """Who, on behalf of which request, inside which span, because of which other event."""
    facts = {"actor": context.actor.reference}
    if trace.trace_id != NO_TRACE:
        facts["correlation"] = trace.trace_id
        facts |= headers_of(trace)
    if context.request_id:
        facts["correlation"] = context.request_id
    cause = causation.cause()
    if cause is not None:
        facts["causation"] = str(cause)
    return facts


def _described(events: Sequence[DomainEvent]) -> dict[str, Any]:
    """What the span says: the events that it created (OpenTelemetry's messaging conventions)."""
    about: dict[str, Any] = {"messaging.system": "rustok", "messaging.operation.type": "create"}
    return about | {"messaging.batch.message_count": len(events), "messaging.destination.name": events[0].wire_type()}


def _offsets(events: Sequence[DomainEvent]) -> list[tuple[DomainEvent, int]]:
    seen: dict[str, int] = {}
    numbered = []
    for event in events:
        stream = event.stream
        seen[stream] = seen.get(stream, 0) + 1
        numbered.append((event, seen[stream]))
    return numbered


def _check_heads(expected: Mapping[str, int], using: str) -> None:
    """Read where the streams stand. Who writes after that, wins or loses on the unique constraint."""
    if not expected:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(_HEADS, [list(expected)])
        heads = dict(cursor.fetchall())
    for stream, version in expected.items():
        if heads.get(stream, 0) != version:
            raise VersionConflict(resource=stream, current=heads.get(stream, 0))


def _row(event: DomainEvent, expected: Mapping[str, int], offset: int, metadata: str, parameters: list[Any]) -> str:
    """Add the event's parameters and return its VALUES row; orjson writes what `DomainEvent.data` would."""
    stream = event.stream
    data = orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()
    known = expected.get(stream)
    if known is not None:
        parameters += (new_id(), stream, known + offset, event.type, event.version, data, metadata)
        return _KNOWN
    parameters += (new_id(), stream, stream, offset, event.type, event.version, data, metadata)
    return _NEXT


def _conflict(error: IntegrityError) -> VersionConflict | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None or diagnosis.constraint_name != VERSION_CONSTRAINT:
        return None
    taken = _TAKEN.search(diagnosis.message_detail or "")
    stream, version = (taken["stream"], int(taken["version"])) if taken else ("stream", 0)
    return VersionConflict(resource=stream, current=version)
