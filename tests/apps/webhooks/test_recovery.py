"""A receiver that refuses everything is given up, probed, and brought up to date when it is back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.webhooks import policy
from apps.webhooks.catchup import next_rate
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.queries import lags
from apps.webhooks.services import activate_endpoint, create_endpoint, pause_endpoint
from tests.support.events import end_waiting, poke, relay, run
from tests.support.receiver import OK, status
from tests.support.statements import counted


@pytest.fixture
def endpoint(acme, context, receiver):
    relay()
    return create_endpoint(url=receiver.url, event_types=["testkit.*"], context=context).endpoint


@pytest.fixture
def refuse(receiver):
    receiver.answer = lambda _got: status("503 Away")


@pytest.fixture
def given_up(endpoint, refuse, monkeypatch):
    monkeypatch.setattr(policy, "DISABLE_AFTER", 0.0)
    monkeypatch.setattr(policy, "DISABLE_ATTEMPTS", 2)
    poke("a")
    for _attempt in range(3):
        end_waiting()
        relay()
    return WebhookEndpoint.objects.get()


def due(**changes):
    WebhookEndpoint.objects.update(next_probe_at=timezone.now() - timedelta(seconds=1), **changes)
    end_waiting()


def types(receiver):
    return [got.event["type"] for got in receiver.got]


def test_failures_are_noted_and_forgotten_with_a_success(endpoint, receiver, refuse):
    poke("a")
    relay()
    assert WebhookEndpoint.objects.get().failing_since is not None

    receiver.answer = lambda _got: OK
    end_waiting()
    relay()
    assert WebhookEndpoint.objects.get().failing_since is None


def test_endpoint_that_fails_for_long_is_given_up(given_up, receiver):
    assert (given_up.status, "no delivery" in given_up.status_reason) == ("failing", True)
    assert given_up.next_probe_at > timezone.now()

    count = len(receiver.got)
    end_waiting()
    relay()
    assert len(receiver.got) == count


def test_short_failure_gives_nothing_up(endpoint, refuse):
    poke("a")
    for _attempt in range(policy.DISABLE_ATTEMPTS + 1):
        end_waiting()
        relay()

    assert WebhookEndpoint.objects.get().status == "active"


def test_probe_that_fails_is_repeated_later(given_up, receiver):
    receiver.got.clear()
    due()
    relay()

    assert types(receiver) == ["webhooks.test.v1"]
    after = WebhookEndpoint.objects.get()
    assert (after.status, after.probes) == ("failing", 1)
    assert after.next_probe_at > timezone.now()


def test_receiver_that_is_back_gets_what_waited(given_up, receiver):
    receiver.answer = lambda _got: OK
    receiver.got.clear()
    due()
    relay()

    assert types(receiver) == ["webhooks.test.v1", "testkit.thing_poked.v1"]
    after = WebhookEndpoint.objects.get()
    assert (after.status, after.status_reason, after.failing_since) == ("active", "", None)
    assert lags()[str(after.pk)] == 0


def test_person_need_not_wait_for_the_probe(given_up, receiver, context):
    receiver.answer = lambda _got: OK
    activate_endpoint(endpoint_id=given_up.pk, context=context)
    relay()

    assert types(receiver)[-1] == "testkit.thing_poked.v1"


def test_paused_endpoint_is_not_probed(given_up, receiver, context):
    pause_endpoint(endpoint_id=given_up.pk, context=context)
    receiver.got.clear()
    due()
    relay()

    assert receiver.got == []


def test_backlog_comes_slowly_at_first(endpoint, receiver, context, monkeypatch):
    monkeypatch.setattr(policy, "CATCHUP_RATE", 4)
    pause_endpoint(endpoint_id=endpoint.pk, context=context)
    poke(*["a"] * 9)
    activate_endpoint(endpoint_id=endpoint.pk, context=context)
    relay()
    assert len(receiver.got) == 2  # half a second's share

    run("UPDATE webhooks_endpoint SET catchup_next_at = NULL")
    end_waiting()
    relay()
    assert len(receiver.got) == 6  # twice the rate


@pytest.mark.parametrize(
    ("rate", "good", "then"),
    [(20, True, 40), (320, True, None), (20, False, 10), (1, False, 1), (policy.CATCHUP_FULL, True, None)],
)
def test_rate_follows_the_receiver(rate, good, then):
    assert next_rate(rate, good=good) == then


@pytest.mark.parametrize(("probes", "least", "most"), [(0, 45, 75), (3, 360, 600), (50, 2700, 4500)])
def test_probes_become_rare(probes, least, most):
    assert least <= policy.probe_backoff(probes) <= most


def test_giving_up_leaves_the_key_of_the_endpoint_to_other_turns(endpoint, refuse, monkeypatch):
    """Their deliveries' foreign keys lock it: a stronger lock, taken behind one's own, would be a deadlock."""
    monkeypatch.setattr(policy, "DISABLE_AFTER", 0.0)
    monkeypatch.setattr(policy, "DISABLE_ATTEMPTS", 1)
    poke("a")
    with counted() as statements:
        for _attempt in range(2):
            relay()
            end_waiting()

    locking = [text for text in statements if "webhooks_endpoint" in text and text.rstrip().endswith("UPDATE")]
    assert locking
    assert all("NO KEY" in text for text in locking)
