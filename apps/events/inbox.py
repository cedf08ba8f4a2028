"""De-duplication for consumers that get events at least once: take the event id in the transaction of the effect."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from rustok.db.ids import new_id

_TAKE: Final = (
    "INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, %s, %s) ON CONFLICT (consumer, event_id) DO NOTHING"
)


def take(*, consumer: str, event_id: UUID) -> bool:
    """Whether this consumer sees the event for the first time; one statement.

    Call it inside the transaction of the effect. A parallel second call waits for the first one's end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [new_id(), consumer, event_id])
        return bool(cursor.rowcount)
