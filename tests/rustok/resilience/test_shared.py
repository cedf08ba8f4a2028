"""Holds that reach further than one breaker, and what holds while the store is away."""

import pytest

from rustok.resilience.circuit_breaker import Registry, State
from tests.support.breakers import POLICY, Sick, fail, trip


@pytest.mark.parametrize("above", ["payments", "payments:acme"])
def test_a_hold_on_a_shorter_name_holds_everything_under_it(store, clock, above):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    known = registry.breaker("payments", policy=POLICY, key="acme:card")
    registry.force(above, State.OPEN, seconds=60)
    registry.synchronise()
    new = registry.breaker("payments", policy=POLICY, key="acme:cash")
    held = (known.state, new.state)
    registry.reset(above)
    registry.synchronise()

    assert held == (State.OPEN, State.OPEN)
    assert (known.state, new.state) == (State.CLOSED, State.CLOSED)


def test_a_hold_on_one_says_nothing_about_its_neighbours(store, clock):
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    neighbours = [registry.breaker("payments", policy=POLICY, key=key) for key in ("", "acme2")]
    registry.force("payments:acme", State.OPEN, seconds=60)
    registry.synchronise()

    assert {one.state for one in neighbours} == {State.CLOSED}


@pytest.fixture
def opened_and_held(store, clock):
    """A process that knows an open breaker and a held one, and has lost the store."""
    registry = Registry(store, watching=False, clock=clock, wall=clock)
    opened, held = (registry.breaker("payments", policy=POLICY, key=key) for key in ("acme", "globex"))
    trip(opened)
    held.force(State.OPEN, seconds=60)
    registry.synchronise()
    store.down = True
    registry.synchronise()
    return registry, opened, held


def test_what_was_open_or_held_stays_so_when_the_store_goes(opened_and_held, clock):
    registry, opened, held = opened_and_held
    registry.synchronise()

    assert opened.state is held.state is State.OPEN
    assert registry.breaker("payments", policy=POLICY, key="globex:new").state is State.OPEN
    clock.pass_by(10)
    assert opened.call(len, "a") == opened.call(len, "a") == 1
    registry.synchronise()
    assert (opened.state, held.state) == (State.CLOSED, State.OPEN)


def test_a_probe_that_fails_after_the_store_has_gone_opens_it_again(one, store, clock):
    trip(one)
    clock.pass_by(10)

    def fail_with_the_store() -> None:
        store.down = True
        fail()

    with pytest.raises(Sick):
        one.call(fail_with_the_store)

    assert one.state is State.OPEN


def test_what_was_only_remembered_is_not_told_as_news(opened_and_held, store, clock):
    registry, opened, held = opened_and_held
    store.down = False
    elsewhere = Registry(store, watching=False, clock=clock, wall=clock)
    for name in ("payments:acme", "payments:globex"):
        elsewhere.reset(name)
    registry.synchronise()

    assert store.everything()[0] == {}
    assert opened.state is held.state is State.CLOSED
