"""The state machine that all processes share: a table of its edges, and a random walk that keeps its promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.resilience.circuit_breaker.core import (
    CLOCK_SLACK,
    FORGET_AFTER,
    REFERENCE,
    TENANT_DATABASE,
    Admission,
    Override,
    Policy,
    Record,
    State,
    admitted,
    overridden,
    refreshed,
    reset,
    settled,
    tripped,
)

POLICY = Policy(open_seconds=10, lease_seconds=5, successes=2)
CLOSED = Record()
OPEN = tripped(CLOSED, 100.0, POLICY)
PROBING, PROBE = admitted(OPEN, 110.0, POLICY, "a")


def after(record, now, *results):
    for number, succeeded in enumerate(results):
        record, admission = admitted(record, now, POLICY, f"p{number}")
        record = settled(record, now, POLICY, admission, succeeded=succeeded)
    return record


def test_the_reference_defaults():
    assert (REFERENCE.failures, REFERENCE.successes, REFERENCE.open_seconds) == (5, 2, 60.0)
    assert (TENANT_DATABASE.failures, TENANT_DATABASE.open_seconds) == (5, 30.0)


def test_an_open_breaker_refuses_and_says_how_long():
    record, admission = admitted(OPEN, 104.0, POLICY, "a")

    assert (record, admission) == (OPEN, Admission(granted=False, wait=6.0))


@pytest.mark.parametrize(("back", "granted"), [(CLOCK_SLACK - 1, False), (3600.0, True)], ids=["a step", "an hour"])
@pytest.mark.parametrize(("record", "at"), [(OPEN, 100.0), (PROBING, 110.0)], ids=["open", "probing"])
def test_a_clock_that_is_put_back_keeps_nobody_waiting_for_longer(record, at, back, granted):
    assert admitted(record, at - back, POLICY, "b")[1].granted is granted


def test_late_failures_do_not_extend_the_wait():
    assert tripped(OPEN, 105.0, POLICY) == OPEN


def test_the_call_that_half_opens_is_the_probe_and_the_only_one():
    _same, second = admitted(PROBING, 110.0, POLICY, "b")

    assert (PROBING.state, PROBE.granted, second.granted) == (State.HALF_OPEN, True, False)


def test_a_dead_probe_leaves_its_lease_to_the_next_one():
    taken, second = admitted(PROBING, 115.0, POLICY, "b")
    late = settled(taken, 116.0, POLICY, PROBE, succeeded=False)

    assert second.granted
    assert late == taken


def test_two_successes_close_and_one_does_not():
    assert after(OPEN, 110.0, True).state is State.HALF_OPEN
    assert after(OPEN, 110.0, True, True).is_settled


def test_a_failed_probe_opens_again():
    again = after(OPEN, 110.0, True, False)

    assert (again.state, again.until, again.successes) == (State.OPEN, 120.0, 0)


def test_a_cancelled_probe_says_nothing_and_frees_the_lease():
    assert after(OPEN, 110.0, None, True, None, True).is_settled


def test_a_result_of_an_older_epoch_counts_nothing():
    reopened = after(OPEN, 110.0, False)
    probing, _admission = admitted(reopened, 120.0, POLICY, "a")

    assert settled(probing, 121.0, POLICY, PROBE, succeeded=True) == probing


@pytest.mark.parametrize(("state", "granted"), [(State.OPEN, False), (State.CLOSED, True)], ids=["open", "closed"])
def test_a_person_overrules_the_machine_for_a_time(state, granted):
    held = overridden(CLOSED if state is State.OPEN else OPEN, Override(state=state, until=105.0))

    assert admitted(held, 104.0, POLICY, "a")[1].granted is granted
    assert admitted(held, 105.0, POLICY, "a")[1].granted is not granted
    assert refreshed(held, 105.0).override is None


def test_a_breaker_held_closed_does_not_trip():
    held = overridden(CLOSED, Override(state=State.CLOSED, until=105.0))

    assert tripped(held, 104.0, POLICY) == held


def test_reset_forgets_everything_but_the_epoch():
    assert reset(PROBING, 111.0) == Record(epoch=max(PROBING.epoch + 1, 111_000))


def test_a_record_that_nobody_asks_for_is_dropped_after_a_day():
    assert refreshed(OPEN, OPEN.until + FORGET_AFTER - 1) == OPEN
    assert refreshed(OPEN, OPEN.until + FORGET_AFTER + 1).is_settled


@pytest.mark.parametrize(
    "wrong",
    [{"window": "moon"}, {"failures": 0}, {"open_seconds": 0}, {"failure_rate": 0}, {"window": "count", "size": 5}],
    ids=["window", "count", "duration", "rate", "size"],
)
def test_a_policy_that_cannot_work_is_refused(wrong):
    with pytest.raises(ValueError, match=r"window|count|duration|rate"):
        Policy(**wrong)


STEPS = st.lists(
    st.tuples(st.sampled_from(["trip", "ask", "good", "bad", "cancel", "late"]), st.floats(0, 7, allow_nan=False)),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_one_live_probe_at_most_and_epochs_only_grow(steps):
    record, now, live, old = Record(), 1.0, [], Admission(granted=True, lease="old", epoch=-1)
    for number, (step, passed) in enumerate(steps):
        now += passed
        before = record
        live = [(admission, end) for admission, end in live if now < end]
        if step == "trip":
            record = tripped(record, now, POLICY)
        elif step == "ask":
            record, admission = admitted(record, now, POLICY, str(number))
            if admission.lease:
                live.append((admission, now + POLICY.lease_seconds))
        elif step == "late":
            record = settled(record, now, POLICY, old, succeeded=True)
            assert record == before
        elif live:
            old = live.pop()[0]
            verdict = {"good": True, "bad": False, "cancel": None}[step]
            record = settled(record, now, POLICY, old, succeeded=verdict)
        assert len(live) <= 1
        assert record.epoch >= before.epoch
        assert record.state is not State.OPEN or record.until <= now + POLICY.open_seconds
        assert (record.state is State.CLOSED) or record.epoch > 0


@given(STEPS)
def test_every_sick_breaker_can_recover(steps):
    record, now = Record(), 1.0
    for number, (step, passed) in enumerate(steps):
        now += passed
        record = tripped(record, now, POLICY) if step == "trip" else admitted(record, now, POLICY, str(number))[0]
    healthy = after(record, now + POLICY.open_seconds + POLICY.lease_seconds, True, True)

    assert healthy.is_settled
