"""The delivery log: a turn's attempts in one statement, inside the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from django.db import connection

from apps.events.records import StoredEvent
from apps.webhooks import policy
from apps.webhooks.metrics import observe_attempts
from apps.webhooks.sending import Sent
from rustok.db.ids import new_id

_INSERT: Final = """
    INSERT INTO webhooks_delivery (id, endpoint_id, event_id, event_type, position, stream, succeeded, status_code,
        duration_ms, error, response_excerpt)
    SELECT a.id, %s, a.event_id, a.event_type, a.position, a.stream, a.succeeded, a.status_code, a.duration_ms,
        a.error, a.excerpt
    FROM json_to_recordset(%s) AS a (id uuid, event_id uuid, event_type text, position bigint, stream text,
        succeeded boolean, status_code smallint, duration_ms int, error text, excerpt text)
"""


_FORGET: Final = """
    DELETE FROM webhooks_delivery WHERE id IN (
        SELECT id FROM webhooks_delivery WHERE endpoint_id = %s ORDER BY id DESC LIMIT %s
    )
"""
MOST_PORTIONS: Final = 10_000  # of one endpoint; a month of deliveries is far less


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
    observe_attempts([(a.succeeded, a.status_code is not None, a.duration_ms / 1000) for a in attempts])
    rows = [
        {
            "id": new_id(),
            "event_id": attempt.event.id,
            "event_type": attempt.event.wire_type,
            "position": attempt.event.position,
            "stream": attempt.event.stream,
            "succeeded": attempt.succeeded,
            "status_code": attempt.status_code,
            "duration_ms": attempt.duration_ms,
            "error": attempt.error[:300],
            "excerpt": attempt.excerpt,
        }
        for attempt in attempts
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [endpoint_id, orjson.dumps(rows).decode()])


def forget(*, endpoint_id: UUID) -> None:
    """Delete the log of an endpoint, portion by portion: all of it may take longer than one statement is given."""
    with connection.cursor() as cursor:
        for _portion in range(MOST_PORTIONS):
            cursor.execute(_FORGET, [endpoint_id, policy.PURGE_CHUNK])
            if cursor.rowcount < policy.PURGE_CHUNK:
                return
