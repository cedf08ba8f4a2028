"""From a fact to the receiver: signed CloudEvents, in order, every attempt in the log, failures judged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from apps.events.models import ParkedKey
from apps.events.transports import Refused
from apps.webhooks import gate
from apps.webhooks.connections import Reply
from apps.webhooks.fleet import WIDTH
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.queries import deliveries_per_hour
from apps.webhooks.sending import judge
from apps.webhooks.services import activate_endpoint, create_endpoint
from tests.support.events import end_waiting, poke, relay
from tests.support.receiver import OK, allowing, status


@pytest.fixture
def endpoint(acme, context, receiver):
    relay()
    return create_endpoint(url=receiver.url, event_types=["testkit.*"], context=context)


def test_receiver_gets_a_signed_cloud_event(endpoint, receiver, acme, context):
    poke("a")
    relay()

    got = receiver.got[0]
    Webhook(endpoint.secret).verify(got.body, got.headers)
    event = got.event
    assert got.headers["webhook-id"] == event["id"]
    assert got.headers["traceparent"] == context.trace.traceparent
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "testkit.thing_poked.v1", "thing-a")
    assert event["source"].endswith(f"/tenants/{acme.slug}")
    assert event["data"] == {"thing": "a", "n": 0}


def test_events_of_a_stream_arrive_in_order_on_few_connections(endpoint, receiver):
    for _ in range(5):
        poke(*"abc")
    relay()

    for name in "abc":
        versions = [got.event["streamversion"] for got in receiver.got if got.event["subject"] == f"thing-{name}"]
        assert versions == [1, 2, 3, 4, 5]
    assert len({got.connection for got in receiver.got}) <= WIDTH


def test_every_attempt_is_logged(endpoint, receiver):
    receiver.answer = lambda _got: status("500 Oops", b"no tea today")
    poke("a")
    relay()
    receiver.answer = lambda _got: OK
    end_waiting()
    relay()

    failed, delivered = Delivery.objects.order_by("id")
    assert (failed.succeeded, failed.status_code, failed.response_excerpt) == (False, 500, "no tea today")
    assert (failed.error, delivered.succeeded, delivered.status_code) == ("HTTP 500", True, 204)
    assert failed.event_id == delivered.event_id


def test_retry_has_the_same_id(endpoint, receiver):
    receiver.answer = lambda _got: status("500 Oops")
    poke("a")
    relay()
    receiver.answer = lambda _got: OK
    end_waiting()
    relay()

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


def test_strict_order_stops_at_a_refusal(acme, context, receiver):
    relay()
    create_endpoint(url=receiver.url, event_types=["testkit.*"], order_key="tenant", context=context)
    receiver.answer = lambda got: status("500 Oops") if got.event["subject"] == "thing-b" else OK
    poke("a", "b", "c")
    relay()
    assert [got.event["subject"] for got in receiver.got] == ["thing-a", "thing-b"]

    receiver.answer = lambda _got: OK
    end_waiting()
    relay()
    assert [got.event["subject"] for got in receiver.got[2:]] == ["thing-b", "thing-c"]


def test_without_order_events_of_a_stream_go_side_by_side(acme, context, receiver):
    relay()
    create_endpoint(url=receiver.url, event_types=["testkit.*"], order_key="none", context=context)
    poke(*["a"] * 6)
    relay()

    assert sorted(got.event["streamversion"] for got in receiver.got) == [1, 2, 3, 4, 5, 6]
    assert len({got.connection for got in receiver.got}) > 1


def test_hanging_event_does_not_hold_up_the_others(endpoint, receiver, monkeypatch):
    receiver.answer = lambda got: [b"HTTP/1.1 200 OK\r\n"] if got.event["subject"] == "thing-bad" else OK
    poke("bad", *"abcdefgh")
    with allowing(monkeypatch, f"127.0.0.1:{receiver.port}", timeout=0.3):
        relay()

    assert Delivery.objects.filter(succeeded=True).count() == 8
    assert Delivery.objects.get(succeeded=False).stream == "thing-bad"


def test_overloaded_receiver_gets_fewer_at_once(endpoint, receiver):
    receiver.answer = lambda _got: status("503 Busy")
    poke("a")
    relay()
    receiver.answer = lambda _got: OK
    end_waiting()
    relay()

    inside = gate.enter(endpoint.endpoint.pk)
    inside.leave()
    assert WIDTH // 2 <= inside.width < WIDTH


def test_turn_that_is_not_let_in_holds_nothing_against_the_endpoint(endpoint, receiver):
    inside = gate.enter(endpoint.endpoint.pk)
    poke("a")
    relay()
    assert (receiver.got, Delivery.objects.count(), ParkedKey.objects.count()) == ([], 0, 0)

    inside.leave()
    end_waiting()
    relay()
    assert len(receiver.got) == 1


def test_own_time_limit_is_kept(acme, context, receiver):
    relay()
    create_endpoint(url=receiver.url, event_types=["testkit.*"], timeout_seconds=1, context=context)
    receiver.answer = lambda _got: [b"HTTP/1.1 200 OK\r\n"]
    poke("a")
    relay()

    assert 900 < Delivery.objects.get().duration_ms < 3000


def test_hanging_receiver_is_given_up_in_time(endpoint, receiver, monkeypatch):
    receiver.answer = lambda _got: [b"HTTP/1.1 200 OK\r\n"]
    poke("a")
    with allowing(monkeypatch, f"127.0.0.1:{receiver.port}", timeout=0.2):
        relay()

    assert Delivery.objects.get().error == "no answer in time"
    assert ParkedKey.objects.count() == 1


def test_gone_receiver_is_disabled_and_can_be_activated(endpoint, receiver, context):
    receiver.answer = lambda _got: status("410 Gone")
    poke("a")
    relay()
    assert WebhookEndpoint.objects.get().status == "disabled"

    receiver.answer = lambda _got: OK
    activate_endpoint(endpoint_id=endpoint.endpoint.pk, context=context)
    relay()
    assert [got.event["subject"] for got in receiver.got] == ["thing-a", "thing-a"]


def test_address_that_turned_private_is_not_contacted(endpoint, receiver, monkeypatch):
    poke("a")
    with allowing(monkeypatch, "127.0.0.1:1"):
        relay()

    assert receiver.got == []
    assert "private" in Delivery.objects.get().error or "https" in Delivery.objects.get().error


@pytest.mark.parametrize(
    ("code", "destination"),
    [
        (200, None),
        (204, None),
        (400, False),
        (404, False),
        (500, False),
        (301, True),
        (410, True),
        (429, True),
        (503, True),
    ],
)
def test_status_is_judged(code, destination):
    outcome = judge(Reply(code, None, ""))

    assert (outcome.destination if isinstance(outcome, Refused) else None) is destination


@pytest.mark.parametrize(("given", "seconds"), [("120", 120.0), ("soon", None), ("-1", None), (None, None)])
def test_retry_after_is_read(given, seconds):
    assert judge(Reply(503, given, "")).retry_after == seconds


def test_attempts_are_counted_by_the_hour(endpoint, receiver):
    receiver.answer = lambda got: status("500 Oops") if got.event["subject"] == "thing-bad" else OK
    poke("a", "bad", "b")
    relay()

    hours = deliveries_per_hour(since=timezone.now() - timedelta(hours=2))

    assert [(hour.delivered, hour.failed) for hour in hours] == [(2, 1)]
    assert deliveries_per_hour(since=timezone.now() + timedelta(minutes=1)) == []
