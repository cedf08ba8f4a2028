"""From a fact to somebody else's effect: an operator names a broker, the relay publishes, a consumer acts once."""

from __future__ import annotations

import pytest

from apps.events import enrolment
from apps.events.models import Cursor, InboxEntry, Subscription
from apps.events.services import replay
from apps.events.transports.consuming import Consumer
from rustok.config import config
from tests.support.events import end_waiting, poke, relay, run
from tests.transports.rigs import TIMEOUT, BrokerRig


@pytest.fixture
def published(broker_rig, acme) -> BrokerRig:
    """A configured broker that acme's log is published to."""
    enrolment.forget_seen()
    with broker_rig.broker():
        yield broker_rig
    enrolment.forget_seen()


def effect(message) -> None:
    """A row per call, so that the test can count."""
    run("INSERT INTO events_inbox (id, consumer, event_id) VALUES (gen_random_uuid(), 'effect', gen_random_uuid())")


def effects() -> int:
    return InboxEntry.objects.filter(consumer="effect").count()


def consume(rig: BrokerRig, handle=effect, *, attempts: int = 2, steps: int = 3):
    """A few steps of a new reader."""
    with rig.broker() as broker:
        consumer = Consumer(broker, group="readers", handle=handle, attempts=attempts)
        return [consumer.step(timeout=0.3) for _ in range(steps)]


def test_facts_reach_the_topic_in_order(published, acme):
    for _ in range(3):
        poke("a", "b")
    relay()

    events = published.taken()
    assert [event["position"] for event in events if event["subject"] == "thing-a"] == [1, 3, 5]
    assert {event["source"].rpartition("/")[2] for event in events} == {acme.slug}


def test_replay_is_published_again_and_has_no_second_effect(published):
    poke(*"abc")
    relay()
    consume(published)
    replay(subscription_id=Subscription.objects.get(name="broker:under-test").pk, after=0)
    relay()
    steps = consume(published)

    assert effects() == 3
    assert sum(step.repeated for step in steps) in (0, 3)  # JetStream itself drops what it knows by its id


def test_outage_pauses_the_cursor_and_loses_nothing(published):
    poke("a")
    relay()
    published.kill()
    poke("a", "b")
    report = relay()
    published.mend()
    end_waiting()
    relay()

    assert (report.delivered, report.parked, report.dead) == (0, 0, 0)
    assert list(dict.fromkeys(event["position"] for event in published.taken())) == [1, 2, 3]


def test_refused_message_is_tried_again_then_buried_and_others_go_on(published):
    poke("a", "bad", "b")
    relay()

    def handle(message) -> None:
        if message.event["subject"] == "thing-bad":
            raise ValueError("poison")
        effect(message)

    steps = consume(published, handle)

    assert [step.waiting for step in steps] == [True, False, False]
    assert sum(step.buried for step in steps) == 1
    assert effects() == 2
    with published.broker() as broker:
        assert [letter.headers["reason"] for letter in broker.dead(limit=5, timeout=TIMEOUT)] == ["ValueError: poison"]


def test_broker_that_nobody_configures_any_more_keeps_its_place(published, monkeypatch):
    poke("a")
    relay()
    monkeypatch.setenv("RUSTOK_TRANSPORTS", "{}")
    config.cache_clear()
    poke("a")
    report = relay()

    assert (report.delivered, report.dead) == (0, 0)
    assert Cursor.objects.get(subscription__name="broker:under-test").position == 1
