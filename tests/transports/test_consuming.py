"""What every broker promises a consumer: groups, redelivery, dead letters, replay, partitions, health."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from apps.events.transports.brokers import BrokerDown
from apps.events.transports.destinations import ping_all
from tests.transports.rigs import TIMEOUT, BrokerRig, fact, facts, publish


def numbers(messages) -> list[int]:
    """The stream versions of messages."""
    return [message.event["streamversion"] for message in messages]


def everything(broker, partition: int) -> list:
    """All that the group has not read of a partition: until a call comes back empty."""
    found: list = []
    while more := broker.receive("readers", partition, limit=50, timeout=0.3):
        found += more
    return found


@pytest.fixture
def filled(broker_rig) -> BrokerRig:
    """A topic with a group `readers` and versions 1 to 5 of one stream."""
    with broker_rig.broker():
        publish(broker_rig, [fact("a", version) for version in range(1, 6)])
    return broker_rig


def test_group_reads_in_order_and_on(filled):
    with filled.broker() as broker:
        first = broker.receive("readers", 0, limit=2, timeout=TIMEOUT)
        broker.acknowledge(first, group="readers", timeout=TIMEOUT)
        rest = broker.receive("readers", 0, limit=10, timeout=TIMEOUT)

        assert (numbers(first), numbers(rest)) == ([1, 2], [3, 4, 5])


def test_message_carries_what_consumers_sort_by(filled):
    with filled.broker() as broker:
        (message,) = broker.receive("readers", 0, limit=1, timeout=TIMEOUT)

    assert message.id == message.event["id"]
    assert message.headers["ce-type"] == "testkit.noted.v1"
    assert message.headers["partitionkey"] == "acme/a"
    assert message.headers["content-type"] == "application/cloudevents+json"


def test_groups_do_not_disturb_each_other(broker_rig):
    with broker_rig.broker(groups=("readers", "auditors")) as broker:
        publish(broker_rig, facts("a", "a"))
        read = broker.receive("readers", 0, limit=5, timeout=TIMEOUT)
        broker.acknowledge(read, group="readers", timeout=TIMEOUT)

        assert numbers(broker.receive("auditors", 0, limit=5, timeout=TIMEOUT)) == [1, 2]


def test_what_was_not_acknowledged_comes_back_first(filled):
    with filled.broker() as broker:
        held = broker.receive("readers", 0, limit=3, timeout=TIMEOUT)
        broker.acknowledge(held[:1], group="readers", timeout=TIMEOUT)

    with filled.broker() as broker:
        assert numbers(broker.receive("readers", 0, limit=2, timeout=TIMEOUT)) == [2, 3]


def test_buried_message_is_a_dead_letter_with_its_reason(filled):
    with filled.broker() as broker:
        bad = broker.receive("readers", 0, limit=1, timeout=TIMEOUT)[0]
        broker.bury(bad, group="readers", reason="no such\nproduct", timeout=TIMEOUT)
        broker.acknowledge([bad], group="readers", timeout=TIMEOUT)

    with filled.broker() as broker:
        (letter,) = broker.dead(limit=5, timeout=TIMEOUT)
        assert (letter.id, letter.body, letter.headers["group"]) == (bad.id, bad.body, "readers")
        assert letter.headers["reason"].split() == ["no", "such", "product"]
        assert numbers(broker.receive("readers", 0, limit=1, timeout=TIMEOUT)) == [2]


def test_empty_topic_is_waited_for_no_longer_than_asked(broker_rig):
    with broker_rig.broker() as broker:
        started = time.monotonic()
        assert list(broker.receive("readers", 0, limit=5, timeout=0.2)) == []
        assert time.monotonic() - started < 2.0


def test_replay_by_position_starts_after_it(filled):
    everything = filled.messages()

    assert numbers(everything) == [1, 2, 3, 4, 5]
    assert numbers(filled.messages(after=everything[2].position)) == [4, 5]
    assert filled.messages(after=everything[-1].position) == []


def test_replay_by_time_starts_at_it(filled):
    time.sleep(1.05 if filled.url.startswith("amqp:") else 0.02)  # RabbitMQ's streams count in seconds
    moment = datetime.now(UTC)
    publish(filled, [fact("a", 6)])

    assert numbers(filled.messages(since=moment)) == [6]
    assert numbers(filled.messages(since=datetime(2026, 1, 1, tzinfo=UTC))) == [1, 2, 3, 4, 5, 6]


def test_replay_does_not_move_a_group(filled):
    filled.messages()

    with filled.broker() as broker:
        assert numbers(broker.receive("readers", 0, limit=1, timeout=TIMEOUT)) == [1]


def test_key_stays_in_its_partition(broker_rig, monkeypatch):
    broker_rig.configure(monkeypatch, partitions=3)
    with broker_rig.broker(partitions=3) as broker:
        publish(broker_rig, [fact(f"s{n}", version) for version in (1, 2) for n in range(12)])
        read = [everything(broker, number) for number in range(3)]

    places = [{message.event["subject"] for message in messages} for messages in read]
    assert sum(map(len, read)) == 24
    assert sum(map(len, places)) == 12
    assert all(places)


def test_tenant_as_key_keeps_the_order_of_the_log(broker_rig, monkeypatch):
    broker_rig.configure(monkeypatch, key="tenant")
    events = facts(*"aabbabcaab")
    publish(broker_rig, events)

    assert [event["id"] for event in broker_rig.taken()] == [str(event.id) for event in events]
    assert {message.headers["partitionkey"] for message in broker_rig.messages()} == {"acme"}


def test_topology_may_be_made_again_and_grow(filled):
    with filled.broker(partitions=2, groups=("readers", "late")) as broker:
        broker.ensure(timeout=TIMEOUT)
        assert len(broker.read(0, limit=10, timeout=TIMEOUT)) == 5


def test_health_names_the_destination_that_does_not_answer(broker_rig):
    assert ping_all(timeout=TIMEOUT) == {}

    broker_rig.hang()
    wrong = ping_all(timeout=0.5)
    broker_rig.resume()

    assert set(wrong) == {"under-test"}


def test_closed_connection_says_so(broker_rig):
    with broker_rig.broker() as broker:
        pass
    broker_rig.hang()
    try:
        with pytest.raises(BrokerDown):
            broker.ping(timeout=0.5)
    finally:
        broker_rig.resume()
