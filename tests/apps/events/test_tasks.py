"""The relay's task: delivers what is due, and gives way when enough relays are at work."""

from __future__ import annotations

import pytest

from apps.events import tasks
from apps.events.relay import policy
from tests.support.events import MemoryTransport, poke, relay


@pytest.fixture
def memory(acme) -> MemoryTransport:
    relay()
    made = MemoryTransport()
    made.subscribe()
    return made


def test_task_numbers_and_delivers(memory):
    poke("a")

    tasks.relay()

    assert memory.versions("thing-a") == [1]


def test_task_gives_way_when_every_slot_is_taken(memory):
    poke("a")
    for _ in range(policy.SLOTS):
        assert tasks._slots.acquire(blocking=False)
    try:
        tasks.relay()
    finally:
        for _ in range(policy.SLOTS):
            tasks._slots.release()

    assert memory.offered == []


def test_failing_relay_frees_its_slot(memory, monkeypatch):
    monkeypatch.setattr(tasks, "run", lambda **_facts: 1 / 0)
    for _ in range(policy.SLOTS + 1):
        with pytest.raises(ZeroDivisionError):
            tasks.relay()
