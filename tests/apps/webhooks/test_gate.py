"""A receiver that does not answer holds one relay of the process; the others are let in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from apps.events.transports import DestinationBusy
from apps.webhooks.fleet import WIDTH
from apps.webhooks.gate import SILENCE, TURNS, Gate
from rustok.db.ids import new_id


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return Gate(clock)


HUNG, WELL = new_id(), new_id()


@pytest.fixture
def suspect(gate):
    """An endpoint whose receiver did not answer the last time."""

    def make(endpoint):
        inside = gate.enter(endpoint)
        inside.asked()
        inside.leave()
        return endpoint

    return make


def turn(gate, *, overloaded=False):
    inside = gate.enter(WELL)
    inside.heard()
    inside.asked(overloaded=overloaded)
    inside.leave()
    return inside.width


def test_unknown_endpoint_gets_one_turn(gate):
    gate.enter(HUNG)

    with pytest.raises(DestinationBusy):
        gate.enter(HUNG)


def test_second_turn_is_let_in_beside_one_that_is_answered(gate, clock):
    turn(gate)
    first = gate.enter(WELL)
    clock.now += 60
    first.heard()

    gate.enter(WELL)


def test_turn_that_fell_silent_lets_nobody_in(gate, clock):
    turn(gate)
    gate.enter(WELL)
    clock.now += SILENCE * 2

    with pytest.raises(DestinationBusy):
        gate.enter(WELL)


def test_silent_endpoint_gets_one_turn(gate, suspect):
    gate.enter(suspect(HUNG))

    with pytest.raises(DestinationBusy):
        gate.enter(HUNG)


def test_hung_endpoint_does_not_stop_another_one(gate, clock):
    gate.enter(HUNG)
    clock.now += 60

    gate.enter(WELL)


def test_silent_endpoints_are_tried_one_at_a_time(gate, suspect):
    suspect(WELL)
    first = gate.enter(suspect(HUNG))
    with pytest.raises(DestinationBusy):
        gate.enter(WELL)

    first.leave()
    gate.enter(WELL)


def test_silent_endpoint_that_answers_makes_room(gate, suspect):
    suspect(WELL)
    gate.enter(suspect(HUNG)).heard()

    gate.enter(WELL)


def test_refusals_are_answers(gate):
    """A poisoned event, answered with 500, makes nobody wait: else it would hold up the others' events."""
    turn(gate)

    assert not gate.enter(WELL).suspect


def test_one_endpoint_never_takes_every_relay(gate):
    turn(gate)
    for _turn in range(TURNS):
        gate.enter(WELL).heard()

    with pytest.raises(DestinationBusy):
        gate.enter(WELL)


def test_leaving_twice_is_harmless(gate):
    once = gate.enter(WELL)
    once.leave()
    once.leave()

    gate.enter(WELL)


def test_overloaded_receiver_gets_half_and_then_one_more_each_turn(gate):
    assert [turn(gate, overloaded=bad) for bad in (True, True, False, False, False)] == [
        WIDTH, WIDTH // 2, WIDTH // 4, WIDTH // 4 + 1, WIDTH // 4 + 2,
    ]  # fmt: skip


def test_turn_with_nothing_to_send_teaches_nothing(gate):
    turn(gate, overloaded=True)
    gate.enter(WELL).leave()

    assert turn(gate) == WIDTH // 2


def test_receiver_that_bears_everything_is_forgotten(gate):
    turn(gate, overloaded=True)
    for _turn in range(WIDTH):
        turn(gate)

    assert turn(gate) == WIDTH


def test_silent_receiver_is_asked_one_by_one(gate, suspect):
    assert gate.enter(suspect(HUNG)).width == 1


def test_memory_is_bounded(gate, suspect, monkeypatch):
    monkeypatch.setattr("apps.webhooks.gate.REMEMBERED", 1)
    suspect(WELL)
    suspect(HUNG)

    assert (gate.enter(WELL).suspect, gate.enter(HUNG).suspect) == (False, True)
