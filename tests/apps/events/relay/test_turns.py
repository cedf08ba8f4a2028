"""The relay's promises: order per stream, a bad event parks its stream only, a bad destination is waited for."""

from __future__ import annotations

import pytest

from apps.events import queries, services
from apps.events.letters import Chosen
from apps.events.models import DeadLetter, ParkedKey
from apps.events.relay import policy
from apps.events.transports import DELIVERED, Refused
from tests.support.events import end_waiting, poke, refuse, relay


@pytest.mark.parametrize("partitions", [1, 4])
def test_every_event_arrives_once_and_in_order(memory, partitions):
    memory.subscribe(partitions=partitions)
    for _ in range(3):
        poke(*"abcdefgh")

    report = relay()

    assert report.delivered == len(memory.taken) == 24
    assert all(memory.versions(f"thing-{name}") == [1, 2, 3] for name in "abcdefgh")


def test_more_than_a_batch_arrives_in_several_turns(memory):
    memory.subscribe()
    poke(*["a"] * (memory.batch * 2 + 1))

    assert relay().turns >= 3
    assert memory.versions("thing-a") == list(range(1, memory.batch * 2 + 2))


def test_filter_lets_only_wanted_types_through(memory):
    memory.subscribe("orders.*")
    poke("a")
    relay()

    assert memory.offered == []


def test_subscription_starts_with_the_next_event(memory):
    poke("a")
    relay()
    memory.subscribe()
    poke("a")
    relay()

    assert memory.versions("thing-a") == [2]


def test_refused_event_holds_back_its_stream_only(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-bad")
    poke("bad", "good", "bad", "good")
    poke("good")
    relay()

    assert memory.versions("thing-good") == [1, 2, 3]
    assert memory.versions("thing-bad") == []
    assert ParkedKey.objects.get().stream == "thing-bad"


def test_parked_stream_catches_up_in_order(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-bad")
    poke("bad", "good", "bad")
    relay()
    poke("bad")
    relay()
    memory.verdict = refuse()
    end_waiting()
    relay()

    assert memory.versions("thing-bad") == [1, 2, 3]
    assert not ParkedKey.objects.exists()


def test_parked_stream_waits_for_its_backoff(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-bad")
    poke("bad", "good")
    relay()
    offered = len(memory.offered)

    relay()

    assert len(memory.offered) == offered


def test_event_without_success_becomes_a_dead_letter_and_its_stream_goes_on(memory):
    memory.subscribe()
    memory.verdict = lambda event: (
        Refused("poison") if event.stream == "thing-bad" and event.version == 1 else DELIVERED
    )
    poke("bad", "good", "bad")
    relay()
    for _ in range(policy.MAX_ATTEMPTS):
        end_waiting()
        relay()

    letter = DeadLetter.objects.get()
    assert (letter.stream, letter.attempts, letter.reason) == ("thing-bad", policy.MAX_ATTEMPTS, "poison")
    assert memory.versions("thing-bad") == [2]


def test_permanent_refusal_is_buried_at_once(memory):
    memory.subscribe()
    memory.verdict = lambda event: Refused("unreadable", permanent=True) if event.version == 1 else DELIVERED
    poke("bad", "bad")
    relay()

    assert DeadLetter.objects.get().attempts == 1
    assert memory.versions("thing-bad") == [2]


def test_unreachable_destination_parks_nothing(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("down", destination=True)
    poke(*"abcdef")
    relay()

    assert len(memory.offered) == 1
    assert not ParkedKey.objects.exists()


def test_destination_that_comes_back_gets_everything_in_order(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("down", destination=True)
    poke("a", "b", "a")
    relay()
    memory.verdict = refuse()
    end_waiting()
    relay()

    assert [(event.stream, event.version) for event in memory.taken] == [("thing-a", 1), ("thing-b", 1), ("thing-a", 2)]


def test_refusals_in_a_row_blame_the_destination(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("500")
    poke(*"abcdef")
    relay()

    assert len(memory.offered) == policy.PROBE
    assert not ParkedKey.objects.exists()


def test_poisoned_streams_at_the_head_do_not_hold_up_healthy_ones(memory):
    memory.subscribe()
    poisoned = [f"p{n}" for n in range(policy.PROBE + 1)]
    memory.verdict = refuse(*(f"thing-{name}" for name in poisoned))
    poke(*poisoned, "good")
    for _ in range(4):
        relay()
        end_waiting()

    assert memory.versions("thing-good") == [1]
    assert ParkedKey.objects.count() == len(poisoned)


def test_hang_parks_one_stream_and_pauses(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-a", hung=True)
    poke("a", "b")
    relay()

    assert len(memory.offered) == 1
    assert ParkedKey.objects.get().stream == "thing-a"


def test_after_a_hang_another_stream_is_tried(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-a", hung=True)
    poke("a", "b")
    for _ in range(3):
        relay()
        end_waiting()

    assert memory.versions("thing-b") == [1]


def test_raising_transport_parks_what_it_was_given(memory):
    def explode(event):
        if event.stream == "thing-bad":
            raise UnicodeError
        return DELIVERED

    memory.subscribe()
    memory.verdict = explode
    poke("bad", "good")
    relay()

    assert memory.versions("thing-good") == [1]
    assert ParkedKey.objects.get().reason.startswith("UnicodeError")


def test_redriven_letter_is_tried_again(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("unreadable", permanent=True)
    poke("a")
    relay()
    memory.verdict = refuse()

    assert services.redrive(chosen=Chosen(every=True)).redriven == 1
    relay()
    assert memory.versions("thing-a") == [1]
    assert not DeadLetter.objects.exists()


def test_redriven_letter_that_fails_stays_dead(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("unreadable", permanent=True)
    poke("a")
    relay()
    services.redrive(chosen=Chosen(every=True))
    relay()

    letter = DeadLetter.objects.get()
    assert (letter.redrive, letter.attempts) == (False, 2)


def test_replay_delivers_again_in_order(memory):
    subscription = memory.subscribe(partitions=2)
    start = queries.head()
    poke(*"aba")
    relay()
    services.replay(subscription_id=subscription.pk, after=start)
    relay()

    assert memory.versions("thing-a") == [1, 2, 1, 2]
    assert memory.versions("thing-b") == [1, 1]


def test_paused_subscription_waits_and_resumes(memory):
    subscription = memory.subscribe()
    services.pause_subscription(subscription_id=subscription.pk)
    poke("a")
    relay()
    assert memory.offered == []

    services.resume_subscription(subscription_id=subscription.pk)
    relay()
    assert memory.versions("thing-a") == [1]


def test_unsubscribed_destination_gets_nothing_more(memory):
    subscription = memory.subscribe()
    poke("a")
    services.unsubscribe(subscription_id=subscription.pk)
    relay()

    assert memory.offered == []


@pytest.mark.parametrize("after", [-5, 10**18])
def test_replay_starts_inside_the_log(memory, after):
    subscription = memory.subscribe()
    services.replay(subscription_id=subscription.pk, after=after)
    poke("a")
    relay()

    assert memory.versions("thing-a") == [1]


def test_subscription_cannot_start_in_the_future(memory):
    memory.subscribe()
    services.subscribe(name="late", transport="memory", event_types=["testkit.*"], after=10**18)
    poke("a")
    relay()

    assert memory.versions("thing-a") == [1, 1]
