"""The delivery log is shortened by age; what still has to be delivered is not touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.webhooks import policy
from apps.webhooks.models import Delivery, Replay
from apps.webhooks.queries import first_id, lags
from apps.webhooks.retention import purge_deliveries
from apps.webhooks.services import create_endpoint
from apps.webhooks.tasks import purge
from rustok.db.ids import new_id
from tests.support.events import poke, relay

FACTS = {"event_type": "testkit.thing_poked.v1", "stream": "thing-a", "succeeded": True, "duration_ms": 1}


@pytest.fixture
def endpoint(acme, context, receiver):
    relay()
    return create_endpoint(url=receiver.url, event_types=["testkit.*"], context=context).endpoint


@pytest.fixture
def attempt(endpoint):
    """Log an attempt that was made so many days ago."""

    def make(days, number=0):
        at = first_id(timezone.now() - timedelta(days=days))
        made = type(at)(int=at.int + number)
        return Delivery.objects.create(pk=made, endpoint=endpoint, event_id=new_id(), position=1, **FACTS)

    return make


def test_old_attempts_go_and_young_ones_stay(attempt):
    attempt(policy.LOG_DAYS + 1)
    young = attempt(policy.LOG_DAYS - 1)

    assert purge_deliveries() == 1
    assert list(Delivery.objects.values_list("pk", flat=True)) == [young.pk]


def test_one_run_is_bounded(attempt, monkeypatch):
    monkeypatch.setattr(policy, "PURGE_CHUNK", 2)
    monkeypatch.setattr(policy, "PURGE_CHUNKS", 2)
    for number in range(6):
        attempt(policy.LOG_DAYS + 1, number)

    assert [purge_deliveries(), purge_deliveries()] == [4, 2]


def test_what_waits_is_not_touched(endpoint, attempt):
    poke("a")
    attempt(policy.LOG_DAYS + 1)
    purge_deliveries()

    assert lags()[str(endpoint.pk)] == 1


def test_finished_replays_go_with_the_log(endpoint):
    for days in (1, policy.LOG_DAYS + 1):
        over = timezone.now() - timedelta(days=days)
        Replay.objects.create(
            endpoint=endpoint, subscription_id=new_id(), after=0, until=1, events=1, event_types=[], finished_at=over
        )
    purge_deliveries()

    assert Replay.objects.count() == 1


def test_every_shop_is_visited(attempt, globex):
    attempt(policy.LOG_DAYS + 1)
    purge()

    assert not Delivery.objects.exists()
