"""Turns for what was refused before: parked streams catch up, letters get another try."""

from __future__ import annotations

import pytest

from apps.events import services
from apps.events.letters import Chosen
from apps.events.models import DeadLetter, ParkedKey
from apps.events.relay import policy
from apps.events.transports import DELIVERED, Refused
from tests.support.events import MemoryTransport, end_waiting, poke, relay


def refuse(*streams: str, **facts: bool):
    """A verdict that refuses these streams."""
    return lambda event: Refused("no", **facts) if event.stream in streams else DELIVERED


@pytest.fixture
def memory(acme) -> MemoryTransport:
    relay()
    return MemoryTransport()


@pytest.mark.parametrize("facts", [{"destination": True}, {"hung": True}])
def test_destination_that_fails_during_retries_costs_no_attempts(memory, facts):
    memory.subscribe()
    memory.verdict = refuse("thing-bad")
    poke("bad", "good")
    relay()
    memory.verdict = lambda _event: Refused("down", **facts)
    for _ in range(policy.MAX_ATTEMPTS + 3):
        end_waiting()
        relay()

    assert not DeadLetter.objects.exists()
    memory.verdict = refuse()
    end_waiting()
    relay()
    assert memory.versions("thing-bad") == [1]


def test_letter_waits_while_its_destination_is_down(memory):
    memory.subscribe()
    memory.verdict = lambda _event: Refused("unreadable", permanent=True)
    poke("a")
    relay()
    memory.verdict = lambda _event: Refused("down", destination=True)
    services.redrive(chosen=Chosen(every=True))
    relay()
    assert DeadLetter.objects.get().redrive

    memory.verdict = refuse()
    end_waiting()
    relay()
    assert memory.versions("thing-a") == [1]


def test_long_parked_stream_catches_up_over_several_turns(memory):
    memory.subscribe()
    memory.verdict = refuse("thing-bad")
    poke("bad", "good")
    relay()
    for _ in range(3):
        poke(*["bad"] * 60)
        relay()
    memory.verdict = refuse()
    end_waiting()
    relay()

    assert memory.versions("thing-bad") == list(range(1, 182))


def test_buried_event_is_not_met_again_by_a_cursor_that_went_back(memory):
    """The destination is blamed in the turn that buried it: the cursor stands before it, its stream behind it."""
    memory.subscribe()
    memory.verdict = lambda event: Refused("no", permanent=event.stream == "thing-b")
    poke(*"abcdefghijklmnopqrstuvwxyz")
    for _turn in range(3):
        relay()
        end_waiting()
    memory.verdict = lambda _event: DELIVERED
    for _turn in range(2):
        relay()
        end_waiting()

    assert [event.stream for event in memory.offered].count("thing-b") == 1
    assert len(memory.taken) == 25
    assert not ParkedKey.objects.exists()
