"""A delivery without a relay and without a receiver: for doors that show deliveries."""

from __future__ import annotations

from apps.events.logs import log_id
from apps.events.numbering import number
from apps.events.queries import events_after
from apps.operations import wakeups
from apps.webhooks.deliveries import Attempt, insert
from apps.webhooks.services import create_endpoint
from rustok.context import current
from tests.support.events import poke


def one_delivery(*, url: str) -> None:
    """Record a fact, give it its position, and log that an endpoint has taken it."""
    endpoint = create_endpoint(url=url, context=current()).endpoint
    poke("a")
    for tenant_id, marks in wakeups.waiting(tenant_id=log_id()):
        number(tenant_id=tenant_id, wakeups=marks)
    event = events_after(0, limit=1)[0]
    attempt = Attempt(event=event, succeeded=True, status_code=204, duration_ms=3, error="", excerpt="thanks")
    insert(endpoint_id=endpoint.pk, attempts=[attempt])
