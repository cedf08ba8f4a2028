"""Bringing a receiver up to date that was away: slowly at first, so that the backlog does not knock it over again.

The rate stands in the endpoint's row, so it holds over all partitions and processes: a turn takes half a second's
share, and the next one must wait that long. It doubles with every good turn and halves with every bad one.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from apps.events.transports import DestinationBusy
from apps.webhooks import policy
from apps.webhooks.models import WebhookEndpoint

SHARE: Final = 0.5  # seconds' worth of events in one turn
_CLAIM: Final = """
    UPDATE webhooks_endpoint SET catchup_next_at = statement_timestamp() + make_interval(secs => %s)
    WHERE id = %s AND coalesce(catchup_next_at, '-infinity') <= statement_timestamp() RETURNING 1
"""


def claim(endpoint: WebhookEndpoint, full: int) -> int:
    """How many events this turn may take, `full` without a limit; one statement, and only while there is one.

    Raises DestinationBusy when the rate is used up.
    """
    rate = endpoint.catchup_rate
    if rate is None:
        return full
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [SHARE, endpoint.pk])
        if cursor.fetchone() is None:
            raise DestinationBusy(SHARE)
    return max(1, min(full, round(rate * SHARE)))


def hand_back(endpoint: WebhookEndpoint) -> None:
    """The turn had nothing to send: another one may begin at once. One statement, and only while there is a limit."""
    if endpoint.catchup_rate is not None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(catchup_next_at=None)


def next_rate(rate: int, *, good: bool) -> int | None:
    """The rate after a turn; None: no limit any more."""
    if not good:
        return max(1, rate // 2)
    return None if rate * 2 >= policy.CATCHUP_FULL else rate * 2
