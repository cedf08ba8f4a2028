"""Who is let in when there are more than places."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.operations import Criticality
from rustok.resilience import admission
from rustok.resilience.admission import SHARE, Admission
from tests.support.breakers import Clock

LOW, NORMAL, HIGH, CRITICAL = Criticality


@pytest.fixture
def places():
    return Admission(limit=4, waiting=2)


def waiting(places, criticality, answers):
    """Begin to wait in a thread; returns when it is in the queue."""
    thread = threading.Thread(target=lambda: answers.append((criticality, places.enter(criticality))), daemon=True)
    before = len(places._queue)
    thread.start()
    for _ in range(2_000):
        if len(places._queue) > before or not thread.is_alive():
            return thread
        threading.Event().wait(0.001)
    raise AssertionError("it never queued")


def fill(places, count, criticality=CRITICAL):
    return [places.enter(criticality) for _ in range(count)]


def test_the_less_critical_leave_places_to_the_more_critical(places):
    assert [places.enter(LOW) for _ in range(3)] == [True, True, False]
    assert [places.enter(CRITICAL) for _ in range(2)] == [True, True]


def test_the_most_critical_waiter_is_served_first(places):
    fill(places, 4)
    answers = []
    threads = [waiting(places, HIGH, answers), waiting(places, CRITICAL, answers)]
    places.leave(0.01)
    threads[1].join(5)
    served_first = list(answers)
    places.leave(0.01)
    threads[0].join(5)

    assert served_first == [(CRITICAL, True)]
    assert answers[1] == (HIGH, True)


def test_the_least_critical_leave_room_to_wait_for_the_others():
    places, answers = Admission(limit=1, waiting=4), []
    fill(places, 1)
    threads = [waiting(places, level, answers) for level in (LOW, LOW, NORMAL, CRITICAL)]
    threads[1].join(5)

    assert answers == [(LOW, False)]
    for place in (3, 2, 0):
        places.leave(0.01)
        threads[place].join(5)
    assert answers[1:] == [(CRITICAL, True), (NORMAL, True), (LOW, True)]


def test_a_full_room_sends_its_least_critical_one_away(places):
    fill(places, 4)
    answers = []
    threads = [waiting(places, level, answers) for level in (CRITICAL, HIGH, CRITICAL)]
    threads[1].join(5)

    assert answers == [(HIGH, False)]
    places.leave(0.01)
    places.leave(0.01)
    assert [thread.join(5) for thread in threads] == [None] * 3
    assert sorted(answers) == [(HIGH, False), (CRITICAL, True), (CRITICAL, True)]


def test_whoever_was_dismissed_leaves_room_to_wait_for_others(places):
    fill(places, 4)
    answers = []
    dismissed = [waiting(places, CRITICAL, answers) for _ in range(2)]
    places.dismiss()
    for thread in dismissed:
        thread.join(5)
    later = waiting(places, CRITICAL, answers)
    places.leave(0.01)
    later.join(5)

    assert answers == [(CRITICAL, False), (CRITICAL, False), (CRITICAL, True)]


def test_whoever_finds_no_place_in_time_is_refused(places, monkeypatch):
    monkeypatch.setitem(admission.PATIENCE, CRITICAL, 0.02)
    fill(places, 4)

    assert places.enter(CRITICAL) is False
    places.leave(0.01)
    assert places.enter(CRITICAL) is True


def test_the_load_says_what_was_offered_and_not_only_what_was_done():
    clock = Clock()
    places = Admission(limit=4, waiting=0, clock=clock)
    for _ in range(100):
        places.enter(CRITICAL)
        clock.pass_by(0.1)
        places.leave(0.1)
    idle = places.load()
    for _ in range(2_000):
        places.note_refused()
    clock.pass_by(1)
    flooded = places.load()

    assert idle.offered == pytest.approx(0.25)
    assert (idle.slowest, idle.admitted, idle.refused) == (0.1, 100, 0)
    assert flooded.offered > 10


def test_places_that_hang_are_busy_and_slow():
    clock = Clock()
    places = Admission(limit=2, waiting=0, clock=clock)
    inside = [threading.Thread(target=places.enter, args=(CRITICAL,)) for _ in range(2)]
    seen = []
    for thread in inside:
        thread.start()
        thread.join(5)
        clock.pass_by(6)
        seen.append(places.load())

    assert [load.offered for load in seen] == pytest.approx([0.5, 1.0])
    assert seen[0].slowest == 0  # one long piece of work in whose way nobody is says nothing
    assert seen[1].slowest >= 6


@given(st.lists(st.one_of(st.sampled_from(list(Criticality)), st.none()), max_size=30))
def test_no_criticality_uses_more_than_its_share(steps):
    places, inside = Admission(limit=8, waiting=0), []
    for step in steps:
        if step is None and inside:
            inside.pop()
            places.leave(0.01)
        elif step is not None and places.enter(step):
            inside.append(step)
            assert len(inside) <= max(1, round(8 * SHARE[step]))
