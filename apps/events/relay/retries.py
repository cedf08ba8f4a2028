"""A turn for what was refused before: parked keys whose back-off is over, and dead letters that somebody redrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.events.records import COLUMNS, WIRE_TYPE, StoredEvent
from apps.events.relay import policy, settling
from apps.events.relay.heartbeat import Heartbeat
from apps.events.relay.offering import Offer
from apps.events.relay.reports import TurnReport
from apps.events.relay.situation import Situation
from apps.events.transports import Outcome, Refused, Transport
from apps.operations.wakeups import Lease, NextTurn
from rustok.tenant_config import tenant_config

KEYS: Final = 20  # parked keys of one turn
PER_KEY: Final = 50  # events of one key in one turn

_DUE_KEYS: Final = f"""
    WITH due AS (
        SELECT id, stream, position, attempts FROM events_parked
        WHERE subscription_id = %(subscription)s AND partition = %(partition)s AND retry_at <= statement_timestamp()
        ORDER BY retry_at LIMIT {KEYS}
    )
    SELECT due.id, due.position, due.attempts, e.*
    FROM due LEFT JOIN LATERAL (
        SELECT {COLUMNS} FROM events_event e
        WHERE e.stream = due.stream AND e.position BETWEEN due.position AND %(cursor)s
          AND {WIRE_TYPE} LIKE ANY (%(patterns)s)
        ORDER BY e.position LIMIT {PER_KEY}
    ) e ON true ORDER BY due.position, e.position
"""  # noqa: S608 - constants only
_REDRIVEN: Final = f"""
    SELECT d.id, {COLUMNS} FROM events_dead_letter d JOIN events_event e ON e.id = d.event_id
    WHERE d.subscription_id = %(subscription)s AND d.partition = %(partition)s AND d.redrive
      AND coalesce(d.redrive_at, '-infinity') <= statement_timestamp()
    ORDER BY d.position LIMIT {PER_KEY}
"""  # noqa: S608 - constants only


@dataclass(slots=True)
class _Key:
    """A parked key in this turn: the events offered and how far they went."""

    parked_id: UUID
    position: int
    attempts: int
    events: list[StoredEvent] = field(default_factory=list)
    refused: tuple[StoredEvent, Refused] | None = None
    delivered: int = 0

    @property
    def is_through(self) -> bool:
        """Whether every event offered was taken."""
        return self.refused is None and self.delivered == len(self.events)


@dataclass(slots=True)
class _Tally:
    delivered: int = 0
    dead: int = 0
    pause: float | None = None


def retry_turn(lease: Lease, situation: Situation, transport: Transport) -> TurnReport:
    """Offer due keys, then redriven letters; settle both. The cursor stays where it is."""
    keys = _due_keys(situation)
    redriven = _redriven(situation)
    tally = _Tally()
    with settling.work(transport):
        alive = settling.heartbeat(lease, transport)  # one for both: what the keys took counts for the letters
        _offer_keys(transport, keys, tally, lease, alive)
        answers = _offer_letters(transport, redriven, tally, lease, alive)
        # While the destination itself fails, an attempt says nothing about the event (trap 59).
        counts = lease.pauses == 0 or tally.delivered > 0
        with transaction.atomic():
            transport.log()
            for key in keys:
                _settle_key(situation, key, tally, counts=counts)
            for letter_id, event, outcome in answers:
                _settle_letter(situation, letter_id, event, outcome)
            settling.give_back(lease, _next_turn(lease, situation, tally))
    return TurnReport(delivered=tally.delivered, dead=tally.dead, paused=tally.pause is not None)


def _due_keys(situation: Situation) -> list[_Key]:
    keys: dict[UUID, _Key] = {}
    for parked_id, position, attempts, *row in _rows(_DUE_KEYS, situation):
        key = keys.setdefault(parked_id, _Key(parked_id, position, attempts))
        if row[0] is not None:
            key.events.append(StoredEvent(*row))
    return list(keys.values())


def _redriven(situation: Situation) -> list[tuple[UUID, StoredEvent]]:
    return [(letter_id, StoredEvent(*row)) for letter_id, *row in _rows(_REDRIVEN, situation)]


def _rows(statement: str, situation: Situation) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "subscription": situation.subscription_id,
                "partition": situation.partition,
                "cursor": situation.cursor,
                "patterns": situation.patterns,
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _offer_keys(transport: Transport, keys: Sequence[_Key], tally: _Tally, lease: Lease, alive: Heartbeat) -> None:
    by_stream = {event.stream: key for key in keys for event in key.events}
    # First events of all keys, then second ones: a transport that posts side by side has something of every key.
    ranks = zip_longest(*(key.events for key in keys))
    for event, outcome in _offer(transport, [event for rank in ranks for event in rank if event is not None], alive):
        key = by_stream[event.stream]
        if not isinstance(outcome, Refused):
            key.delivered += 1
            tally.delivered += 1
        elif outcome.destination:
            tally.pause = policy.destination_backoff(lease.pauses, outcome.retry_after)
            return
        else:
            key.refused = (event, outcome)
            if outcome.hung:
                tally.pause = policy.destination_backoff(lease.pauses)
                return


def _offer_letters(
    transport: Transport, letters: Sequence[tuple[UUID, StoredEvent]], tally: _Tally, lease: Lease, alive: Heartbeat
) -> list[tuple[UUID, StoredEvent, Outcome]]:
    if tally.pause is not None:
        return []
    ids = {event.id: letter_id for letter_id, event in letters}
    answers: list[tuple[UUID, StoredEvent, Outcome]] = []
    for event, outcome in _offer(transport, [event for _id, event in letters], alive):
        if isinstance(outcome, Refused) and outcome.destination:
            tally.pause = policy.destination_backoff(lease.pauses, outcome.retry_after)
            break
        tally.delivered += not isinstance(outcome, Refused)
        answers.append((ids[event.id], event, outcome))
    return answers


def _offer(transport: Transport, events: Sequence[StoredEvent], alive: Heartbeat) -> Offer:
    return Offer(transport, events, timeout=tenant_config().webhook_timeout, alive=alive)


def _settle_key(situation: Situation, key: _Key, tally: _Tally, *, counts: bool) -> None:
    """Move the key to where it stands now; the event that used up its attempts is buried and the stream goes on."""
    if key.refused is not None:
        event, refusal = key.refused
        attempts = (key.attempts if event.position == key.position else 0) + counts
        if refusal.permanent or attempts >= policy.MAX_ATTEMPTS:
            settling.bury(situation, event, attempts=attempts, reason=refusal.reason)
            tally.dead += 1
            settling.repark(key.parked_id, position=event.position + 1, attempts=0, reason="", retry_in=0.0)
        else:
            wait = policy.key_backoff(max(1, attempts))
            settling.repark(
                key.parked_id, position=event.position, attempts=attempts, reason=refusal.reason, retry_in=wait
            )
    elif key.position > situation.cursor + 1:
        # The cursor went back behind the buried event that this key waits after: the stream stays aside until then.
        settling.repark(key.parked_id, position=key.position, attempts=0, reason="", retry_in=policy.key_backoff(1))
    elif key.is_through and len(key.events) < PER_KEY:
        settling.unpark(key.parked_id)
    elif key.delivered:
        after = key.events[key.delivered - 1].position + 1
        settling.repark(key.parked_id, position=after, attempts=0, reason="", retry_in=0.0)


def _settle_letter(situation: Situation, letter_id: UUID, event: StoredEvent, outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        settling.bury(situation, event, attempts=1, reason=outcome.reason)
    else:
        settling.exhume(letter_id)


def _next_turn(lease: Lease, situation: Situation, tally: _Tally) -> NextTurn:
    lives = tally.delivered > 0
    return NextTurn(
        more=situation.cursor < situation.head or settling.has_redrives(situation),
        retry_in=settling.next_retry(situation),
        pause=tally.pause,
        failures=0 if lives else lease.failures,
        pauses=lease.pauses + 1 if tally.pause is not None else (0 if lives else lease.pauses),
    )
