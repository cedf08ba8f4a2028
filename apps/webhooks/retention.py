"""How long the delivery log lasts, and secrets that have retired. In the scope of a tenant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from apps.events.services import unsubscribe
from apps.webhooks import policy
from apps.webhooks.models import Replay, WebhookEndpoint
from apps.webhooks.queries import first_id
from apps.webhooks.sealing import PURPOSE
from rustok.db.resealing import sealed_columns, standing

_PURGE: Final = """
    DELETE FROM webhooks_delivery WHERE id IN (SELECT id FROM webhooks_delivery WHERE id < %s ORDER BY id LIMIT %s)
"""


def purge_deliveries() -> int:
    """Delete attempts older than LOG_DAYS and return how many; bounded, the next run goes on.

    Small statements by primary key: the relay's inserts never wait. What still has to be delivered stands in the event
    log, not here (trap 7).
    """
    oldest = timezone.now() - timedelta(days=policy.LOG_DAYS)
    deleted = 0
    for _chunk in range(policy.PURGE_CHUNKS):
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, [first_id(oldest), policy.PURGE_CHUNK])
            deleted += cursor.rowcount
            if cursor.rowcount < policy.PURGE_CHUNK:
                break
    _forget_replays(oldest)
    return deleted


def _forget_replays(oldest: datetime) -> None:
    """With what is left of their subscriptions: dead letters that nobody has redriven since."""
    for replay in Replay.objects.filter(finished_at__lt=oldest)[: policy.PURGE_CHUNK]:
        with transaction.atomic():
            unsubscribe(subscription_id=replay.subscription_id)
            replay.delete()


def seal_afresh() -> int:
    """Seal secrets under the newest secret key of the platform; returns how many were under an older one.

    Both secrets of an endpoint. Those that no configured key opens stay as they are, and are counted.
    """
    mine = [column for column in sealed_columns() if column.purpose == PURPOSE]
    found = [standing(column, renew=True) for column in mine]
    return sum(one.former + one.lost for one in found)


def forget_retired_secrets() -> int:
    """Delete secrets whose overlap is over and return how many. One statement."""
    over = WebhookEndpoint.objects.filter(previous_secret_until__lt=timezone.now())
    return over.update(previous_sealed_secret=None, previous_secret_until=None)
