"""Trying again: how long to wait, what is worth it, and when to stop."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok import context
from rustok.errors.families import DatabaseUnavailable, ExternalServiceTimeout, NotFound
from rustok.errors.resilience import BulkheadFull, CircuitOpen
from rustok.resilience.retry import REFERENCE, Retry, RetryBudget, RetryPolicy


def retry(attempts=3, *, budget=None, **policy):
    """A retry that notes its waits instead of sleeping."""
    waits = []
    subject = Retry(RetryPolicy(attempts=attempts, **policy), budget=budget, sleep=waits.append, chance=lambda: 0.5)
    return subject, waits


def failing(error, times):
    """A function that fails so often and then returns how often it was called."""
    calls = []

    def call():
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return call


@pytest.mark.parametrize(
    ("strategy", "waits"),
    [("fixed", [1, 1, 1, 1]), ("linear", [1, 2, 3, 4]), ("exponential", [1, 2, 4, 5])],
    ids=["fixed", "linear", "exponential"],
)
def test_how_waits_grow_up_to_the_cap(strategy, waits):
    policy = RetryPolicy(strategy=strategy, base=1, cap=5, jitter=0)

    assert [policy.wait(failures) for failures in (1, 2, 3, 4)] == waits


def test_the_reference_waits_200_milliseconds_first():
    assert (REFERENCE.attempts, REFERENCE.wait(1), REFERENCE.wait(9)) == (3, 0.2, 5.0)


@given(st.integers(1, 2_000), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_its_share(failures, chance):
    plain = REFERENCE.wait(failures)

    assert plain * 0.9 <= REFERENCE.wait(failures, chance=chance) <= plain * 1.1


def test_it_succeeds_when_the_function_does():
    subject, waits = retry()

    assert subject.call(failing(ConnectionError(), 2)) == 3
    assert waits == [0.2, 0.4]


def test_the_last_error_is_raised():
    subject, waits = retry()
    with pytest.raises(TimeoutError):
        subject.call(failing(TimeoutError(), 9))

    assert len(waits) == 2


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectionError(), True),
        (DatabaseUnavailable(), True),
        (ExternalServiceTimeout(service="x"), True),
        (NotFound(resource="x"), False),
        (ValueError(), False),
        (CircuitOpen(service="x"), False),
        (BulkheadFull(service="x"), False),
    ],
    ids=["connection", "5001", "5002", "4001", "value", "open", "full"],
)
def test_the_type_says_what_is_worth_another_attempt(error, again):
    subject, waits = retry(2)
    call = failing(error, 1)
    if again:
        assert subject.call(call) == 2
    else:
        with pytest.raises(type(error)):
            subject.call(call)

    assert len(waits) == again


def test_retry_after_is_the_least_wait():
    subject, waits = retry()
    subject.call(failing(DatabaseUnavailable(retry_after=7), 1))

    assert waits == [7]


def test_an_hour_is_not_waited_even_without_a_deadline():
    subject, waits = retry()
    with pytest.raises(DatabaseUnavailable):
        subject.call(failing(DatabaseUnavailable(retry_after=3600), 1))

    assert waits == []


def test_no_wait_beyond_the_deadline():
    subject, waits = retry(base=1)
    with context.use(context.ExecutionContext(deadline=time.monotonic() + 0.5)), pytest.raises(ConnectionError):
        subject.call(failing(ConnectionError(), 1))

    assert waits == []


def test_a_budget_bounds_what_an_outage_adds():
    subject, waits = retry(attempts=10, budget=RetryBudget(share=0.1, most=3))
    for _ in range(20):
        with pytest.raises(ConnectionError):
            subject.call(failing(ConnectionError(), 99))

    assert 3 <= len(waits) <= 5


def test_coroutine_functions():
    subject = Retry(RetryPolicy(base=0.001))
    call = failing(ConnectionError(), 2)

    async def later():
        return call()

    assert asyncio.run(subject.call_async(later)) == 3

    async def refused():
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the error itself is the point
        asyncio.run(subject.call_async(refused))


@pytest.mark.parametrize(
    "wrong",
    [{"strategy": "hope"}, {"attempts": 0}, {"base": 0}, {"base": 2, "cap": 1}, {"jitter": 2}],
    ids=["strategy", "attempts", "base", "cap", "jitter"],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"strategy|attempts"):
        RetryPolicy(**wrong)
