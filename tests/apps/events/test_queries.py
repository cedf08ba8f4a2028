"""What consoles and health see: what waits, since when, for whom."""

from __future__ import annotations

import pytest

from apps.events import queries
from apps.events.numbering import number
from apps.events.transports import DELIVERED, Refused
from tests.support.events import MemoryTransport, poke, relay, run


@pytest.fixture
def memory(acme) -> MemoryTransport:
    relay()
    made = MemoryTransport()
    made.subscribe(partitions=2)
    return made


def state() -> queries.SubscriptionState:
    return next(state for state in queries.subscription_states() if state.name == "memory")


def test_nothing_waits_after_delivery(memory):
    poke(*"abc")
    relay()

    assert (state().waiting, state().oldest_seconds) == (0, 0.0)
    assert queries.backlog() == queries.Backlog(0, 0, 0.0)


def test_unnumbered_events_wait(memory):
    poke(*"abc")

    assert (state().waiting, queries.backlog().unnumbered) == (3, 3)


def test_numbered_events_wait_with_their_age(memory, acme):
    poke(*"abc")
    number(tenant_id=acme.id)

    assert state().waiting == 3
    assert state().oldest_seconds >= 0


def test_look_for_what_waits_is_bounded(memory, acme, monkeypatch):
    """A filter that lets little through would have the whole log read at every question."""
    monkeypatch.setattr(queries, "LOOKED", 2)
    poke(*"abc")
    number(tenant_id=acme.id)

    assert state().waiting == 2


def test_one_target_is_asked_for_alone(memory):
    assert queries.subscription_states(target="elsewhere") == []


def test_events_behind_a_parked_stream_wait(memory):
    memory.verdict = lambda event: Refused("no") if event.stream == "thing-bad" else DELIVERED
    poke("bad", "good", "bad")
    relay()

    assert (state().waiting, state().parked) == (2, 1)


def test_dead_letters_are_counted(memory):
    memory.verdict = lambda _event: Refused("unreadable", permanent=True)
    poke("a")
    relay()

    assert (state().dead, queries.dead_letter_count()) == (1, 1)
    assert [letter.type for letter in queries.dead_letters(event_type="testkit.thing_poked.v1")] == [
        "testkit.thing_poked.v1"
    ]


def test_paused_destination_says_until_when(memory):
    memory.verdict = lambda _event: Refused("down", destination=True)
    poke("a")
    relay()

    assert state().paused_until is not None


def test_states_are_one_statement(memory, django_assert_num_queries):
    with django_assert_num_queries(1):
        queries.subscription_states()


def test_event_is_found_by_its_id(memory):
    poke("a")
    relay()
    ((event_id,),) = run("SELECT id FROM events_event WHERE stream = 'thing-a'")

    assert queries.find_event(event_id).stream == "thing-a"
