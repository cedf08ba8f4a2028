"""The delivery log: a turn's attempts in one statement, inside the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.events.records import StoredEvent
from apps.webhooks.metrics import observe_attempt
from apps.webhooks.sending import Sent
from rustok.db.ids import new_id

_INSERT: Final = """
    INSERT INTO webhooks_delivery (id, endpoint_id, event_id, event_type, position, stream, succeeded, status_code,
        duration_ms, error, response_excerpt)
    SELECT a.id, %s, a.event_id, a.event_type, a.position, a.stream, a.succeeded, a.status_code, a.duration_ms,
        a.error, a.excerpt
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::boolean[], %s::smallint[], %s::int[],
        %s::text[], %s::text[])
        AS a (id, event_id, event_type, position, stream, succeeded, status_code, duration_ms, error, excerpt)
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, to be logged. `status_code` None: there was no answer."""

    event: StoredEvent
    succeeded: bool
    status_code: int | None
    duration_ms: int
    error: str
    excerpt: str

    @classmethod
    def of(cls, event: StoredEvent, sent: Sent) -> Attempt:
        """What became of posting an event."""
        reply = sent.reply
        return cls(
            event=event,
            succeeded=sent.succeeded,
            status_code=reply.status if reply else None,
            duration_ms=sent.duration_ms,
            error=sent.error,
            excerpt=reply.excerpt if reply else "",
        )


def insert(*, endpoint_id: UUID, attempts: Sequence[Attempt]) -> None:
    """Log the attempts; one statement, none for none."""
    if not attempts:
        return
    for attempt in attempts:
        answered = attempt.status_code is not None
        observe_attempt(succeeded=attempt.succeeded, answered=answered, seconds=attempt.duration_ms / 1000)
    columns: list[list[Any]] = [
        [new_id() for _attempt in attempts],
        [attempt.event.id for attempt in attempts],
        [attempt.event.wire_type for attempt in attempts],
        [attempt.event.position for attempt in attempts],
        [attempt.event.stream for attempt in attempts],
        [attempt.succeeded for attempt in attempts],
        [attempt.status_code for attempt in attempts],
        [attempt.duration_ms for attempt in attempts],
        [attempt.error[:300] for attempt in attempts],
        [attempt.excerpt for attempt in attempts],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [endpoint_id, *columns])
