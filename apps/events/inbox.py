"""De-duplication for consumers that get events at least once: the event id is taken in the transaction of the effect.

    with inbox.once(event_id, "mailer.welcome") as first:
        if first:
            ...                 # rows of the current tenant; commit or roll back together with the entry

Any consumer may use it: a Celery task, the receiver of a webhook, a broker's reader (`transports.consuming`).
An effect outside the database (a mail, a call) happens at least once all the same: give its receiver the event id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work

KEPT_DAYS: Final = 30  # longer than any broker or relay repeats a delivery by itself
_BATCH: Final = 5_000

_TAKE: Final = (
    "INSERT INTO events_inbox (id, consumer, event_id) VALUES (%s, %s, %s) ON CONFLICT (consumer, event_id) DO NOTHING"
)
# The keys are UUIDv7, so the primary key's index is in the order of time (RFC 9562 section 5.7).
_FORGET: Final = """
    DELETE FROM events_inbox WHERE id IN (SELECT id FROM events_inbox WHERE id < %s ORDER BY id LIMIT %s)
"""


def take(*, consumer: str, event_id: UUID) -> bool:
    """Whether this consumer sees the event for the first time; one statement.

    Call it inside the transaction of the effect. A parallel second call waits for the first one's end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [new_id(), consumer, event_id])
        return bool(cursor.rowcount)


@contextmanager
def once(event_id: UUID, consumer: str) -> Iterator[bool]:
    """A unit of work in which the event is taken; the value says whether the effect is still to be done.

    An exception inside gives the event back. Of two at the same time the second waits, and sees False if the first one
    committed. Raises TenantContextMissing outside every scope. `consumer` has at most 120 characters.
    """
    with unit_of_work():
        yield take(consumer=consumer, event_id=event_id)


def run_once(event_id: UUID, consumer: str, effect: Callable[[], object]) -> bool:
    """Run the effect unless it has been done; True when it was done now."""
    with once(event_id, consumer) as first:
        if first:
            effect()
    return first


def forget(*, days: int = KEPT_DAYS, limit: int = 5_000_000) -> int:
    """Drop entries older than `days` of the current scope, at most `limit`, in batches; returns how many.

    Whoever delivers an event again after that (a redrive, a replay) has its effect again.
    """
    oldest = _first_id(datetime.now(UTC) - timedelta(days=days))
    forgotten = 0
    while forgotten < limit:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [oldest, min(_BATCH, limit - forgotten)])
            forgotten += cursor.rowcount
            if cursor.rowcount < _BATCH:
                break
    return forgotten


def _first_id(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a millisecond."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))
