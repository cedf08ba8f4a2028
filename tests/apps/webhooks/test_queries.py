"""How long deliveries take."""

from datetime import timedelta

import pytest

from apps.events.models import Event
from apps.webhooks.models import Delivery
from apps.webhooks.queries import delays
from apps.webhooks.services import create_endpoint
from rustok.context import current
from tests.support.commerce import make_product
from tests.support.statements import at_most


@pytest.fixture
def delivered(acme):
    """Deliver an event so many seconds after its commit."""
    endpoint = create_endpoint(url="https://93.184.215.14/hook", context=current()).endpoint
    make_product()
    event = Event.objects.first()

    def deliver(seconds, *, succeeded=True):
        at = event.recorded_at + timedelta(seconds=seconds)
        facts = {"event_id": event.pk, "event_type": event.type, "stream": event.stream, "position": 1}
        Delivery.objects.create(
            endpoint=endpoint, succeeded=succeeded, status_code=200, duration_ms=5, attempted_at=at, **facts
        )

    return deliver


def test_the_delay_counts_from_the_commit(delivered):
    delivered(1)
    delivered(3)
    delivered(90, succeeded=False)

    with at_most(1):
        (delay,) = delays(parts=1)

    assert (delay.typical, delay.slowest) == (pytest.approx(2), pytest.approx(3))


def test_parts_are_in_order_of_time(delivered):
    for seconds in (1, 2, 3, 4):
        delivered(seconds)

    assert [round(delay.slowest) for delay in delays(parts=2)] == [2, 4]


def test_only_the_latest_count(delivered):
    delivered(60)
    delivered(1)

    assert [round(delay.slowest) for delay in delays(latest=1, parts=1)] == [1]


def test_nothing_sent_means_no_delay(acme):
    assert delays() == []
