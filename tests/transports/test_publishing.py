"""What every transport promises the relay: order per aggregate, honest outcomes, bounded time, a way back."""

from __future__ import annotations

import time

from apps.events.transports import DELIVERED, Refused
from tests.transports.rigs import SHORT, TIMEOUT, Rig, fact, facts, publish

PATIENCE = 2 * SHORT + 4.0  # one call that runs into its limit, the connection's end, and a busy machine


def versions(rig: Rig, stream: str) -> list[int]:
    """The versions of a stream as they arrived, repetitions left out."""
    return list(dict.fromkeys(event["streamversion"] for event in rig.taken() if event["subject"] == stream))


def destination_refused(answers) -> bool:
    """Whether something was offered and nothing was called delivered."""
    return bool(answers) and all(isinstance(outcome, Refused) for _event, outcome in answers)


def leave_connections(rig: Rig, events) -> None:
    """Publish each event, in turns of which `rig.at_once` run at the same time; their connections stay open."""
    turns = [rig.turn() for _ in range(rig.at_once)]
    for at, event in enumerate(events):
        assert list(turns[at % len(turns)].publish([event], timeout=TIMEOUT)) == [DELIVERED]
    for turn in turns:
        turn.close()


def test_events_arrive_as_cloud_events(rig):
    event = fact("order-1")

    answers = publish(rig, [event])

    assert answers == [(event, DELIVERED)]
    (taken,) = rig.taken()
    assert (taken["specversion"], taken["id"], taken["type"]) == ("1.0", str(event.id), "testkit.noted.v1")
    assert (taken["subject"], taken["position"]) == ("order-1", event.position)
    assert taken["source"].endswith("/tenants/acme")


def test_every_event_is_answered_in_order(rig):
    events = facts(*"abacabca")

    answers = publish(rig, events)

    assert answers == [(event, DELIVERED) for event in events]
    assert sorted(event["id"] for event in rig.taken()) == sorted(str(event.id) for event in events)


def test_each_aggregate_arrives_in_order(rig):
    for start in range(0, 60, 20):
        publish(rig, [fact(stream, version) for version in range(start, start + 20) for stream in "xyz"])

    assert all(versions(rig, stream) == list(range(60)) for stream in "xyz")


def test_empty_chunk_needs_no_answer(rig):
    assert publish(rig, []) == []


def test_unwelcome_event_holds_back_its_aggregate_and_nobody_else(rig):
    unwelcome = rig.unwelcome("bad", 1)
    others = [fact("good", 1), fact("good", 2)]

    answers = publish(rig, [others[0], unwelcome, fact("bad", 2), others[1], fact("bad", 3)])

    refused = [event for event, outcome in answers if isinstance(outcome, Refused)]
    assert refused == [unwelcome]
    assert not answers[1][1].destination
    assert versions(rig, "good") == [1, 2]
    assert versions(rig, "bad") == []


def test_unwelcome_event_is_not_hidden_by_the_ones_before_it(rig):
    unwelcome = rig.unwelcome("bad", 2)

    answers = dict(publish(rig, [first := fact("bad", 1), unwelcome, fact("bad", 3)]))

    assert answers[first] is DELIVERED
    assert isinstance(answers[unwelcome], Refused)
    assert versions(rig, "bad") == [1]


def test_dead_destination_takes_nothing_and_comes_back_with_what_it_had(rig):
    before, after = facts("a", "b"), [fact("a", 2), fact("b", 2)]
    leave_connections(rig, before)

    rig.kill()
    started = time.monotonic()
    refused = publish(rig, after, timeout=SHORT)
    took = time.monotonic() - started
    rig.mend()

    assert destination_refused(refused)
    assert took < PATIENCE
    assert publish(rig, after) == [(event, DELIVERED) for event in after]
    assert versions(rig, "a") == versions(rig, "b") == [1, 2]


def test_silent_destination_costs_bounded_time_and_is_never_believed(rig):
    publish(rig, facts("a"))

    rig.hang()
    started = time.monotonic()
    refused = publish(rig, again := [fact("a", 2), fact("a", 3)], timeout=SHORT)
    took = time.monotonic() - started
    rig.resume()

    assert destination_refused(refused)
    assert took < PATIENCE
    assert publish(rig, again) == [(event, DELIVERED) for event in again]
    assert versions(rig, "a") == [1, 2, 3]


def test_turn_may_end_without_work_and_twice(rig):
    turn = rig.turn()
    turn.close()
    turn.close()
