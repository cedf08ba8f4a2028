"""Replays: a part of the log once more, by a subscription of its own that ends with the part.

The endpoint's own cursor stays where it is, so what is new goes on meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from apps.events.patterns import like_patterns
from apps.events.records import WIRE_TYPE
from apps.events.services import close_subscription, subscribe, unsubscribe
from apps.webhooks.models import Replay, WebhookEndpoint
from apps.webhooks.names import REPLAYS
from rustok.db.ids import new_id
from rustok.db.transactions import transactional

_EXTENT: Final = f"""
    SELECT count(*), coalesce(min(e.position), 0), coalesce(max(e.position), 0) FROM events_event e
    WHERE e.position > %(after)s AND (%(until)s::bigint IS NULL OR e.position <= %(until)s::bigint)
      AND (%(since)s::timestamptz IS NULL OR e.recorded_at >= %(since)s::timestamptz)
      AND (%(before)s::timestamptz IS NULL OR e.recorded_at < %(before)s::timestamptz)
      AND {WIRE_TYPE} LIKE ANY (%(asked)s) AND {WIRE_TYPE} LIKE ANY (%(wanted)s)
"""  # noqa: S608 - constants only
_IS_THROUGH: Final = """
    SELECT c.position >= %(until)s
        AND NOT EXISTS (SELECT 1 FROM events_parked p WHERE p.subscription_id = c.subscription_id),
        NOT EXISTS (SELECT 1 FROM events_dead_letter d WHERE d.subscription_id = c.subscription_id)
    FROM events_cursor c WHERE c.subscription_id = %(subscription)s
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to send again: positions after `after` up to `until`, recorded from `since` on and before `before`.

    No `event_types` means what the endpoint gets anyway; others narrow it.
    """

    after: int = 0
    until: int | None = None
    since: datetime | None = None
    before: datetime | None = None
    event_types: tuple[str, ...] = ()

    @property
    def is_tail(self) -> bool:
        """Whether it is everything after a position, so that the endpoint's cursor can simply go back."""
        return (self.until, self.since, self.before, self.event_types) == (None, None, None, ())


@dataclass(frozen=True, slots=True)
class Extent:
    """How many events a selection has, and the positions of the first and the last."""

    events: int
    first: int
    last: int


def measure(endpoint: WebhookEndpoint, selection: Selection) -> Extent:
    """Count a selection: one statement over its positions. Raises UnreadableFilter."""
    parameters = {
        "after": selection.after,
        "until": selection.until,
        "since": selection.since,
        "before": selection.before,
        "asked": like_patterns(selection.event_types),
        "wanted": like_patterns(endpoint.event_types),
    }
    with connection.cursor() as cursor:
        cursor.execute(_EXTENT, parameters)
        return Extent(*cursor.fetchone())


def begin(endpoint: WebhookEndpoint, selection: Selection, extent: Extent) -> Replay:
    """Subscribe the endpoint to the part once more, in one partition."""
    replay_id = new_id()
    subscription = subscribe(
        name=f"{REPLAYS}:{replay_id}",
        transport=REPLAYS,
        target=str(replay_id),
        event_types=selection.event_types or endpoint.event_types,
        after=extent.first - 1,
    )
    return Replay.objects.create(
        id=replay_id,
        endpoint=endpoint,
        subscription_id=subscription.pk,
        after=extent.first - 1,
        until=extent.last,
        since=selection.since,
        before=selection.before,
        event_types=list(selection.event_types or endpoint.event_types),
        events=extent.events,
    )


@transactional
def finish(replay: Replay) -> bool:
    """End a replay that has come to its last event and whose refused events were taken or given up.

    Its subscription goes, unless it has dead letters: then it hears of nothing new, and goes with the last of them.
    For a replay that has ended before, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IS_THROUGH, {"until": replay.until, "subscription": replay.subscription_id})
        row = cursor.fetchone()
    if row is not None and not row[0]:
        return False
    if row is not None and row[1]:
        unsubscribe(subscription_id=replay.subscription_id)
    elif row is not None and replay.finished_at is None:
        close_subscription(subscription_id=replay.subscription_id)
    Replay.objects.filter(pk=replay.pk, finished_at=None).update(finished_at=timezone.now())
    return True


def drop(replay: Replay) -> None:
    """End it where it stands, with its dead letters; idempotent."""
    unsubscribe(subscription_id=replay.subscription_id)
    Replay.objects.filter(pk=replay.pk, finished_at=None).update(finished_at=timezone.now())


def drop_all(endpoint: WebhookEndpoint) -> None:
    """End every replay of an endpoint."""
    for replay in endpoint.replays.all():
        drop(replay)
