"""Writes down what a turn achieved: parked keys, dead letters, cursor, and last of all the lease.

Everything happens in one transaction that ends with `release`: a turn that lost its lease leaves no trace.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.events.records import StoredEvent
from apps.events.relay import policy
from apps.events.relay.heartbeat import Heartbeat
from apps.events.relay.situation import Situation
from apps.events.transports import Transport
from apps.operations.wakeups import Lease, NextTurn, release, renew
from rustok.config import config
from rustok.db.ids import new_id
from rustok.telemetry.logging import log_event
from rustok.tenant_config import tenant_config

_PARK: Final = """
    INSERT INTO events_parked (id, subscription_id, partition, stream, position, attempts, retry_at, reason)
    VALUES (%s, %s, %s, %s, %s, %s, statement_timestamp() + make_interval(secs => %s), %s)
    ON CONFLICT (subscription_id, stream) DO NOTHING
"""
_REPARK: Final = """
    UPDATE events_parked SET position = %s, attempts = %s, reason = %s,
        retry_at = statement_timestamp() + make_interval(secs => %s)
    WHERE id = %s
"""
_BURY: Final = """
    INSERT INTO events_dead_letter (id, subscription_id, partition, event_id, stream, type, position, attempts, reason)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (subscription_id, event_id) DO UPDATE SET
        attempts = events_dead_letter.attempts + EXCLUDED.attempts, reason = EXCLUDED.reason, redrive = false,
        redrive_at = NULL
"""
_MOVE: Final = """, moved AS (
    UPDATE events_cursor SET position = %(reached)s, moved_at = statement_timestamp()
    WHERE subscription_id = %(subscription)s AND partition = %(partition)s AND position < %(reached)s
        AND EXISTS (SELECT 1 FROM released)
)"""
_REDRIVES: Final = """
    SELECT EXISTS (SELECT 1 FROM events_dead_letter WHERE subscription_id = %s AND partition = %s AND redrive
        AND coalesce(redrive_at, '-infinity') <= statement_timestamp())
"""
_NEXT_RETRY: Final = """
    SELECT extract(epoch FROM min(wanted_at) - statement_timestamp())::float8 FROM (
        SELECT retry_at AS wanted_at FROM events_parked
        WHERE subscription_id = %(subscription)s AND partition = %(partition)s
        UNION ALL
        SELECT coalesce(redrive_at, statement_timestamp()) FROM events_dead_letter
        WHERE subscription_id = %(subscription)s AND partition = %(partition)s AND redrive
    ) waiting
"""


def work(transport: Transport) -> AbstractContextManager[object]:
    """Where a turn's offers happen: in the settling transaction itself for a transactional transport, else in none."""
    return transaction.atomic() if transport.transactional else nullcontext()


def heartbeat(lease: Lease, transport: Transport) -> Heartbeat:
    """What keeps the lease while the transport works; a shop with a longer timeout gets a longer lease at once."""
    length = policy.lease_seconds(tenant_config().webhook_timeout)
    if not transport.transactional and length > policy.lease_seconds(config().webhook_timeout):
        renew(lease, lease_seconds=length)
    return Heartbeat(lease, lease_seconds=length, transactional=transport.transactional)


def park(situation: Situation, event: StoredEvent, reason: str) -> None:
    """Set the event's stream aside, the event included; it waits for its back-off."""
    _park(situation, event.stream, event.position, attempts=1, retry_in=policy.key_backoff(1), reason=reason)
    log_event("relay.key_parked", subscription=situation.name, stream=event.stream, reason=reason)


def park_behind(situation: Situation, event: StoredEvent) -> None:
    """Let the event's stream go on after a buried event: later ones may have passed the cursor already."""
    _park(situation, event.stream, event.position + 1, attempts=0, retry_in=0.0, reason="")


def _park(situation: Situation, stream: str, position: int, *, attempts: int, retry_in: float, reason: str) -> None:
    place = (new_id(), situation.subscription_id, situation.partition, stream)
    _execute(_PARK, *place, position, attempts, retry_in, reason)


def repark(parked_id: UUID, *, position: int, attempts: int, reason: str, retry_in: float) -> None:
    """Move a parked key on to another event, or to its next attempt."""
    _execute(_REPARK, position, attempts, reason, retry_in, parked_id)


def unpark(parked_id: UUID) -> None:
    """The stream has caught up with the cursor."""
    _execute("DELETE FROM events_parked WHERE id = %s", parked_id)


def bury(situation: Situation, event: StoredEvent, *, attempts: int, reason: str) -> None:
    """Give an event up; it stays in the dead letters until somebody redrives or drops it."""
    _execute(
        _BURY,
        new_id(),
        situation.subscription_id,
        situation.partition,
        event.id,
        event.stream,
        event.wire_type,
        event.position,
        attempts,
        reason,
    )
    log_event("relay.event_died", subscription=situation.name, event_id=str(event.id), reason=reason)


def exhume(letter_id: UUID) -> None:
    """A dead letter was taken after all."""
    _execute("DELETE FROM events_dead_letter WHERE id = %s", letter_id)


def has_redrives(situation: Situation) -> bool:
    """Whether dead letters of the partition wait for a new try that is due."""
    with connection.cursor() as cursor:
        cursor.execute(_REDRIVES, [situation.subscription_id, situation.partition])
        return bool(cursor.fetchone()[0])


def next_retry(situation: Situation) -> float | None:
    """Seconds until the earliest parked key or redriven letter of the partition wants its attempt; None without any."""
    place: dict[str, UUID | int] = {"subscription": situation.subscription_id, "partition": situation.partition}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_RETRY, place)
        seconds: float | None = cursor.fetchone()[0]
    return None if seconds is None else max(0.0, seconds)


def give_back(lease: Lease, turn: NextTurn) -> None:
    """Release the lease; raises LeaseLost, which rolls the turn back."""
    release(lease, turn)


def move_and_give_back(lease: Lease, situation: Situation, reached: int, turn: NextTurn) -> None:
    """Everything up to `reached` is settled: move the cursor, never back, and release the lease in one statement.

    Raises LeaseLost when the fence has moved on; then neither happened.
    """
    if reached <= situation.cursor:
        give_back(lease, turn)
        return
    place = {"reached": reached, "subscription": situation.subscription_id, "partition": situation.partition}
    release(lease, turn, also=_MOVE, parameters=place)


def _execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
