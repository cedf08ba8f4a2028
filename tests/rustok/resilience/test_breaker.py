"""One breaker as callers see it, and what two processes see of each other."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.errors.resilience import CircuitOpen
from rustok.resilience.circuit_breaker import Policy, Registry, State
from rustok.resilience.circuit_breaker.windows import FAILED, FAILED_SLOWLY, GOOD, SLOW, window_of
from rustok.telemetry.metrics import REGISTRY
from tests.support.breakers import POLICY, Clock, Sick, SwitchedStore, breaker, fail, trip


@pytest.fixture
def other(store, clock):
    return breaker(store, clock, POLICY)


def test_a_closed_call_asks_no_store(one, store):
    assert [one.call(len, "abc") for _ in range(50)][-1] == 3
    assert store.asked == 0
    assert (one.tally.succeeded, one.tally.success_rate, one.tally.rejection_rate) == (50, 1.0, 0.0)


def test_enough_failures_open_it_and_the_function_is_not_run(one):
    trip(one)
    with pytest.raises(CircuitOpen) as refusal:
        one.call(pytest.fail, "must not run")

    assert refusal.value.retry_after == 10
    assert (one.state, one.tally.failed, one.tally.rejected) == (State.OPEN, 3, 1)


def test_an_open_breaker_refuses_without_asking_the_store(one, store):
    trip(one)
    asked = store.asked
    for _ in range(20):
        with pytest.raises(CircuitOpen):
            one.call(len, "")

    assert store.asked == asked


def test_one_probe_at_a_time_over_all_processes(one, other, clock, store):
    trip(one)
    other.adopt(*_latest(store))
    clock.pass_by(10)
    with one.guard():
        with pytest.raises(CircuitOpen):
            other.call(len, "")
        with pytest.raises(CircuitOpen):
            one.call(len, "")
    clock.pass_by(0.2)

    assert other.call(len, "ab") == 2
    assert other.state is State.CLOSED


def test_a_failing_probe_opens_it_again(one, clock):
    trip(one)
    clock.pass_by(10)
    with pytest.raises(Sick):
        one.call(fail)

    assert one.state is State.OPEN


def test_a_slow_probe_does_not_close_it(store, clock):
    subject = breaker(store, clock, Policy(failures=1, open_seconds=10, slow_seconds=1))
    trip(subject)
    clock.pass_by(10)
    subject.call(clock.pass_by, 2)

    assert subject.state is State.OPEN


def test_results_that_were_begun_before_it_opened_do_not_count_after_it(one, clock):
    early = one.guard()
    early.__enter__()
    trip(one)
    one.reset()
    early.__exit__(Sick, Sick(), None)

    assert one.rates().failed == 0


def test_the_owner_says_which_errors_speak_against_the_dependency(store, clock):
    subject = breaker(store, clock, POLICY, is_failure=lambda error: not isinstance(error, KeyError))
    for _ in range(9):
        with pytest.raises(KeyError):
            subject.call({}.__getitem__, "x")

    assert subject.state is State.CLOSED


def test_a_block_can_say_that_it_failed_without_raising(one):
    for _ in range(3):
        with one.guard() as call:
            call.failed()

    assert one.state is State.OPEN


def test_an_interrupted_probe_gives_its_lease_back(one, clock):
    trip(one)
    clock.pass_by(10)

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.call(interrupted)

    assert one.record.lease == ""
    assert one.tally.ignored == 1


def test_forcing_and_resetting(one, store, clock):
    one.force(State.OPEN, seconds=60, by="user:1", reason="maintenance")
    with pytest.raises(CircuitOpen) as refusal:
        one.call(len, "")
    one.reset()

    assert refusal.value.retry_after == 60
    assert one.call(len, "a") == 1
    assert store.everything()[0] == {}


def test_held_closed_it_lets_failures_pass_without_asking_the_store(one, store):
    one.force(State.CLOSED, seconds=60)
    asked = store.asked
    for _ in range(9):
        with pytest.raises(Sick):
            one.call(fail)

    assert (one.state, store.asked) == (State.CLOSED, asked)


@pytest.mark.parametrize(("state", "seconds"), [(State.HALF_OPEN, 5), (State.OPEN, 0)], ids=["half", "never"])
def test_what_cannot_be_forced(one, state, seconds):
    with pytest.raises(ValueError, match="forced"):
        one.force(state, seconds=seconds)


def test_with_the_store_down_each_process_is_its_own_master(one, other, store, clock):
    store.down = True
    trip(one)
    trip(other)
    clock.pass_by(10)

    assert one.call(len, "a") == other.call(len, "a") == 1  # one probe each
    assert one.call(len, "a") == other.call(len, "a") == 1
    assert one.state is other.state is State.CLOSED


def test_an_outage_of_the_store_costs_one_question_a_second(one, store, clock):
    store.down = True
    trip(one)
    asked = store.asked
    one.force(State.OPEN, seconds=5)
    clock.pass_by(1.1)
    one.force(State.OPEN, seconds=5)

    assert (asked, store.asked) == (1, 2)


def test_what_was_found_out_alone_is_told_when_the_store_is_back(store, clock):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    subject = registry.breaker("payments", policy=POLICY)
    store.down = True
    trip(subject)
    store.down = False
    registry.synchronise()

    assert store.everything()[0]["payments"].state is State.OPEN
    assert subject.state is State.OPEN


def test_a_new_process_knows_what_the_old_one_left(store, clock):
    first = Registry(store, watching=False, clock=clock, wall=clock)
    trip(first.breaker("payments", policy=POLICY, key="acme"))
    second = Registry(store, watching=False, clock=clock, wall=clock)

    assert second.breaker("payments", policy=POLICY, key="acme").state is State.OPEN
    assert second.breaker("payments", policy=POLICY, key="globex").state is State.CLOSED


def test_the_watcher_carries_the_news(store, clock):
    registries = [Registry(store, watching=False, clock=clock, wall=clock) for _ in range(2)]
    here, there = (registry.breaker("payments", policy=POLICY) for registry in registries)
    trip(here)
    registries[1].synchronise()
    opened = there.state
    here.reset()
    registries[1].synchronise()

    assert (opened, there.state) == (State.OPEN, State.CLOSED)


def test_old_news_does_not_overwrite_what_happened_since(one, store, clock):
    seen = one.changes
    news = _latest(store)
    trip(one)
    one.adopt(*news, seen_at=seen)

    assert one.state is State.OPEN


def test_overrides_that_ran_out_are_removed(store, clock):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    registry.breaker("payments", policy=POLICY).force(State.OPEN, seconds=5)
    clock.pass_by(6)
    registry.synchronise()

    assert store.everything()[0] == {}


def test_the_oldest_healthy_breakers_make_room(store, clock):
    registry = Registry(store, watching=False, limit=3, clock=clock, wall=clock)
    trip(registry.breaker("sick", policy=POLICY))
    for number in range(6):
        registry.breaker("payments", policy=POLICY, key=str(number))

    assert [subject.key for subject in registry.breakers()] == ["sick", "payments:4", "payments:5"]


def test_counts_reach_prometheus_as_differences(store, clock):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    trip(registry.breaker("counted", policy=POLICY))
    registry.synchronise()
    registry.synchronise()

    labels = {"dependency": "counted", "outcome": "failed"}
    assert REGISTRY.get_sample_value("rustok_circuit_breaker_calls_total", labels) == 3
    assert REGISTRY.get_sample_value("rustok_circuit_breaker_state", {"dependency": "counted"}) == 2


def test_an_open_breaker_is_told_as_worse_than_one_on_trial(store, clock):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    trial = registry.breaker("mixed", policy=POLICY, key="trial")
    trip(trial)
    clock.now += POLICY.open_seconds
    trial.call(len, "")
    trip(registry.breaker("mixed", policy=POLICY, key="bad"))
    registry.synchronise()

    assert [one.state for one in registry.breakers()] == [State.HALF_OPEN, State.OPEN]
    assert REGISTRY.get_sample_value("rustok_circuit_breaker_state", {"dependency": "mixed"}) == 2


def test_decorated_functions_of_both_kinds(one):
    @one
    def plain():
        return 1

    @one
    async def later():
        return 2

    assert (plain(), asyncio.run(later()), one.tally.succeeded) == (1, 2, 2)


def test_a_cancelled_coroutine_gives_its_lease_back(one, clock):
    trip(one)
    clock.pass_by(10)

    async def cancelled():
        async with one.guard():
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())

    assert one.record.lease == ""


def test_threads_lose_no_count(one):
    threads = [threading.Thread(target=lambda: [one.call(len, "") for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert one.tally.succeeded == 2_000


WINDOWS = [
    Policy(failures=3, slow_seconds=1),
    Policy(window="count", size=6, minimum_calls=4, failure_rate=0.5, slow_rate=0.7, slow_seconds=1),
    Policy(window="time", size=3, minimum_calls=4, failure_rate=0.5, slow_rate=0.7, slow_seconds=1),
]
CALLS = st.lists(
    st.tuples(
        st.sampled_from([GOOD, GOOD, GOOD, GOOD, FAILED, SLOW, FAILED_SLOWLY]), st.sampled_from([0, 0, 0.3, 2.5])
    ),
    max_size=40,
)


@pytest.mark.parametrize("policy", WINDOWS, ids=lambda policy: policy.window)
@given(calls=CALLS, looks=st.sets(st.integers(0, 40), max_size=3))
def test_good_calls_that_are_only_counted_change_nothing_that_a_window_says(policy, calls, looks):
    clock = Clock()
    subject, model = breaker(SwitchedStore(clock), clock, policy), window_of(policy)
    for number, (outcome, passed) in enumerate(calls):
        clock.pass_by(passed)
        with subject.guard() as call:
            clock.pass_by(2 if outcome & SLOW else 0)
            if outcome & FAILED:
                call.failed()
        opens = model.add(outcome, clock())
        assert (subject.state is State.OPEN) == opens
        if opens:
            return
        if number in looks:
            assert subject.rates() == model.rates(clock())
    failed = sum(outcome & FAILED for outcome, _passed in calls)
    assert subject.rates() == model.rates(clock())
    assert (subject.tally.failed, subject.tally.succeeded) == (failed, len(calls) - failed)


@pytest.mark.parametrize("form", ["call", "decorator", "block", "async call", "async decorator", "async block"])
def test_every_form_counts_the_same(one, clock, form):
    async def fine():
        return 1

    async def block():
        async with one.guard():
            return await fine()

    def plain_block():
        with one.guard():
            return 1

    forms = {
        "call": lambda: one.call(int, 1),
        "decorator": one(lambda: 1),
        "block": plain_block,
        "async call": lambda: asyncio.run(one.call_async(fine)),
        "async decorator": lambda: asyncio.run(one(fine)()),
        "async block": lambda: asyncio.run(block()),
    }
    long = one(clock.pass_by)
    closed = forms[form]()
    trip(one)
    clock.pass_by(10)
    probes = [forms[form](), forms[form]()]
    long(99)

    assert (closed, probes, one.state) == (1, [1, 1], State.CLOSED)
    assert (one.tally.succeeded, one.tally.failed, one.tally.slow) == (4, 3, 0)


def test_a_call_that_outlived_its_breakers_opening_is_counted_and_remembered_by_nobody(one):
    early = one.guard()
    early.__enter__()
    one.force(State.OPEN, seconds=5)
    one.reset()
    early.__exit__(None, None, None)

    assert (one.tally.succeeded, one.rates().calls) == (1, 0)


def _latest(store):
    records, now = store.everything()
    return records.get("shop:payments") or type(store.read("x").record)(), now
