"""What opens a breaker: rows of outcomes, and a model to compare random ones with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.resilience.circuit_breaker.core import Policy
from rustok.resilience.circuit_breaker.windows import FAILED, FAILED_SLOWLY, GOOD, SLOW, Rates, window_of

COUNT = Policy(window="count", size=4, minimum_calls=4, failure_rate=0.5, slow_rate=0.75)
TIME = Policy(window="time", size=3, minimum_calls=4, failure_rate=0.5, slow_rate=0.75)


@pytest.mark.parametrize(
    ("policy", "outcomes", "opens"),
    [
        (Policy(failures=3), [FAILED, FAILED, FAILED], True),
        (Policy(failures=3), [FAILED, FAILED, GOOD, FAILED, FAILED], False),
        (Policy(failures=3), [SLOW, SLOW, SLOW], False),
        (COUNT, [FAILED, FAILED, FAILED], False),
        (COUNT, [FAILED, FAILED, GOOD, GOOD], True),
        (COUNT, [FAILED, FAILED, GOOD, SLOW], True),
        (COUNT, [SLOW, SLOW, SLOW, GOOD], True),
        (COUNT, [SLOW, GOOD, GOOD, FAILED], False),
        (TIME, [FAILED, FAILED, GOOD, GOOD], True),
        (TIME, [FAILED, SLOW, GOOD, GOOD], False),
        (TIME, [SLOW, SLOW, FAILED_SLOWLY, GOOD], True),
    ],
    ids=[
        "row",
        "interrupted",
        "slow-row",
        "too-few",
        "half",
        "half-slow",
        "slow",
        "fine",
        "time",
        "time-fine",
        "time-slow",
    ],
)
def test_when_a_window_opens(policy, outcomes, opens):
    window = window_of(policy)

    assert [window.add(outcome, 10.0) for outcome in outcomes][-1] is opens


def test_a_time_window_forgets_after_its_seconds():
    window = window_of(TIME)
    for second in (10.0, 11.0, 12.9):
        window.add(FAILED, second)

    assert window.rates(12.9) == Rates(3, 3, 0)
    assert window.rates(13.0) == Rates(2, 2, 0)
    assert window.rates(99.0) == Rates(0, 0, 0)


def test_clear_forgets():
    for policy in (Policy(), COUNT, TIME):
        window = window_of(policy)
        window.add(FAILED, 1.0)
        window.clear()

        assert window.rates(1.0) == Rates(0, 0, 0)


OUTCOMES = st.lists(st.sampled_from([GOOD, FAILED, SLOW, FAILED_SLOWLY]), max_size=30)


@given(OUTCOMES)
def test_a_count_window_holds_exactly_the_last_calls(outcomes):
    window = window_of(COUNT)
    for outcome in outcomes:
        window.add(outcome, 0.0)
    last = outcomes[-4:]

    assert window.rates(0.0) == Rates(len(last), sum(o & 1 for o in last), sum(o >> 1 for o in last))


@given(st.lists(st.tuples(st.sampled_from([GOOD, FAILED, SLOW]), st.integers(0, 5)), max_size=30))
def test_a_time_window_holds_exactly_the_last_seconds(steps):
    window, now, held = window_of(TIME), 100, []
    for outcome, passed in steps:
        now += passed
        window.add(outcome, float(now))
        held.append((now, outcome))
    last = [outcome for at, outcome in held if at > now - TIME.size]

    assert window.rates(float(now)) == Rates(len(last), sum(o & 1 for o in last), sum(o >> 1 for o in last))


@given(OUTCOMES, st.integers(1, 9), OUTCOMES)
def test_good_calls_in_a_lump_are_what_they_are_one_by_one(before, good, after):
    for policy in (Policy(failures=50), COUNT, TIME):
        lumped, single = window_of(policy), window_of(policy)
        for window in (lumped, single):
            [window.add(outcome, 10.0) for outcome in before or [GOOD]]
        lumped.passed(good)
        [single.add(GOOD, 10.0) for _ in range(good)]
        opened = [[window.add(outcome, 10.5) for outcome in after] for window in (lumped, single)]

        assert (opened[0], lumped.rates(10.5)) == (opened[1], single.rates(10.5))
