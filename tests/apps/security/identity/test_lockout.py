"""Lockout as a machine, and as rows that several connections change at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.security.identity import lockout
from apps.security.identity.lockout import FORGET, Key, Limits, Tally
from apps.security.models import SignInCounter
from tests.support.race import race

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIMITS = Limits(free=5, base=30.0, cap=900.0)
KEY = Key("name", "bob", LIMITS)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (10_000, 900)]
)
def test_waits_double_up_to_the_longest(failures, seconds):
    assert LIMITS.wait(failures) == seconds


@settings(max_examples=50)
@given(gaps=st.lists(st.floats(min_value=0, max_value=5_000), max_size=60))
def test_nobody_waits_longer_than_the_longest_whatever_an_attacker_does(gaps):
    tally, at = Tally(), NOON
    for gap in gaps:
        at += timedelta(seconds=gap)
        if not tally.remaining(at):
            tally = tally.tried(at, LIMITS)
        assert tally.remaining(at) <= LIMITS.cap


@settings(max_examples=50)
@given(gaps=st.lists(st.floats(min_value=0, max_value=2_000), max_size=80))
def test_attempts_are_rarer_the_longer_one_guesses(gaps):
    tally, at, tried = Tally(), NOON, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        if not tally.remaining(at):
            tally = tally.tried(at, LIMITS)
            tried.append(at)

    for number, (before, after) in enumerate(zip(tried[LIMITS.free - 1 :], tried[LIMITS.free :], strict=False)):
        assert (after - before).total_seconds() >= LIMITS.wait(LIMITS.free + number) - 0.001


@given(failures=st.integers(0, 40), at=st.floats(0, 1e6))
def test_an_attempt_given_back_leaves_the_count_as_it_was(failures, at):
    moment = NOON + timedelta(seconds=at)
    before = Tally(failures, moment)

    assert before.tried(moment, LIMITS).given_back(LIMITS).failures == failures


def test_a_day_without_attempts_begins_the_count_again():
    assert Tally(40, NOON).tried(NOON + FORGET, LIMITS) == Tally(1, NOON + FORGET)


def test_an_attempt_during_the_wait_is_refused_and_not_counted(acme):
    for _attempt in range(5):
        assert lockout.take([KEY], at=NOON) == 0

    assert lockout.take([KEY], at=NOON + timedelta(seconds=29)) == 1
    assert SignInCounter.objects.get().failures == 5


def test_one_key_that_must_wait_holds_the_attempt_and_spares_the_others(acme):
    other = Key("address", "192.0.2.1", LIMITS, resets=False)
    for _attempt in range(5):
        lockout.take([KEY], at=NOON)

    assert lockout.take([KEY, other], at=NOON) == 30
    assert SignInCounter.objects.get(key=other.digest).failures == 0


def test_success_forgets_a_name_and_gives_an_address_its_attempt_back(acme):
    other = Key("address", "192.0.2.1", LIMITS, resets=False)
    for _attempt in range(3):
        lockout.take([KEY, other], at=NOON)

    lockout.give_back([KEY, other], at=NOON)

    counted = {bytes(row.key): row.failures for row in SignInCounter.objects.all()}
    assert counted == {KEY.digest: 0, other.digest: 2}


def test_parallel_attempts_cannot_slip_past_the_count(live_acme):
    keys = [KEY, Key("address", "192.0.2.1", LIMITS, resets=False)]

    waits = race(live_acme, [lambda _context: lockout.take(keys, at=NOON)] * 10)

    assert waits.count(0) == LIMITS.free
    assert SignInCounter.objects.get(key=KEY.digest).failures == LIMITS.free
