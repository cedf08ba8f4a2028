"""The bus: bounded, ordered per subscriber, slots always given back, all or none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rustok.bus import Bus, BusOverloaded, Limits, Stats, bus, offer
from rustok.db.transactions import unit_of_work
from rustok.telemetry.metrics import REGISTRY
from tests.support.events import ThingPoked

PATIENCE = 10.0
SMALL = Limits(depth=10, warning=0.7, critical=0.9)


@contextmanager
def held(target: Bus, name: str = "slow") -> Iterator[threading.Event]:
    """A subscriber that hangs in its first event until the block ends."""
    entered, go_on = threading.Event(), threading.Event()

    def hang(_event: object) -> None:
        entered.set()
        assert go_on.wait(PATIENCE)

    target.subscribe(name, hang)
    try:
        yield entered
    finally:
        go_on.set()
        assert target.wait(PATIENCE)


def _no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_subscribers_hear_what_they_want_in_order():
    here, odd, all_of_them = Bus(), [], []
    here.subscribe("odd", odd.append, wants=lambda n: n % 2 == 1)
    here.subscribe("all", all_of_them.append)

    receivers = [here.publish(n) for n in range(6)]

    assert here.wait(PATIENCE)
    assert (odd, all_of_them, receivers) == ([1, 3, 5], [0, 1, 2, 3, 4, 5], [1, 2, 1, 2, 1, 2])


def test_subscriber_outlives_a_clearing_up_that_fails():
    here, heard = Bus(after_each=lambda: int("x")), []
    here.subscribe("all", heard.append)
    for n in range(3):
        here.publish(n)
        assert here.wait(PATIENCE)

    assert heard == [0, 1, 2]


def test_nobody_there_is_no_error():
    assert Bus().publish("event") == 0


def test_handlers_run_in_the_publishers_context():
    scope: ContextVar[str] = ContextVar("scope", default="none")
    here, seen = Bus(), []
    here.subscribe("reader", lambda _event: seen.append(scope.get()))

    token = scope.set("acme")
    here.publish("event")
    scope.reset(token)

    assert here.wait(PATIENCE)
    assert seen == ["acme"]


def test_publications_above_seventy_percent_warn_and_above_ninety_are_refused():
    here = Bus(SMALL)
    with held(here):
        for _ in range(7):
            here.publish("event")
        assert here.stats().warned == 0

        here.publish("event")
        here.publish("event")

        assert (here.stats().warned, here.stats().rejected) == (2, 0)
        with pytest.raises(BusOverloaded) as refused:
            here.publish("event")
        assert refused.value.context == {"waiting": 9, "limit": 9}
        assert (refused.value.code, refused.value.retryable) == (5020, True)


def test_a_refused_publication_reaches_nobody():
    here, heard = Bus(Limits(depth=4, warning=0.5, critical=0.75)), []
    with held(here):
        here.subscribe("other", heard.append)
        here.publish("first")
        assert here.stats().accepted == 2
        here.subscribe("third", heard.append)

        with pytest.raises(BusOverloaded):
            [here.publish(n) for n in range(5)]

    assert here.stats().accepted == here.stats().done


def test_slots_come_back_after_failures():
    here = Bus(SMALL)
    here.subscribe("broken", lambda _event: 1 / 0)

    for _ in range(50):
        here.publish("event")
        assert here.wait(PATIENCE)

    assert here.stats() == Stats(depth=0, accepted=50, done=0, failed=50, warned=0, rejected=0, subscribers=1)


def test_without_a_thread_events_wait_and_no_slot_is_lost(monkeypatch):
    here, heard = Bus(SMALL), []
    here.subscribe("one", heard.append)
    here.subscribe("two", heard.append)
    with monkeypatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", _no_thread)
        assert here.publish("first") == 2
    assert here.stats().depth == 2

    here.publish("second")

    assert here.wait(PATIENCE)
    assert sorted(heard) == ["first", "first", "second", "second"]


def test_a_hanging_subscriber_delays_nobody_else():
    here, heard = Bus(), threading.Event()
    with held(here) as entered:
        here.subscribe("quick", lambda _event: heard.set())
        here.publish("event")

        assert entered.wait(PATIENCE)
        assert heard.wait(PATIENCE)


def test_slots_of_a_forgotten_subscriber_come_back():
    here = Bus(SMALL)
    with held(here) as entered:
        for _ in range(5):
            here.publish("event")
        assert entered.wait(PATIENCE)

        here.unsubscribe("slow")

        assert here.stats().depth == 1  # the one that runs


def test_a_filter_that_raises_takes_no_slot():
    here = Bus()
    here.subscribe("broken", print, wants=lambda event: event.missing)

    with pytest.raises(AttributeError):
        here.publish("event")

    assert here.stats().depth == 0


def test_a_filter_that_raises_costs_no_other_fact(monkeypatch):
    here, heard = Bus(SMALL), []
    monkeypatch.setattr("rustok.bus.shared.bus", lambda: here)
    here.subscribe("picky", heard.append, wants=lambda event: 1 // event.n > 0)

    offer([ThingPoked(thing="a", n=0), ThingPoked(thing="b", n=1)])

    assert here.wait(PATIENCE)
    assert heard == [ThingPoked(thing="b", n=1)]


def test_names_are_taken_once():
    here = Bus()
    here.subscribe("one", print)

    with pytest.raises(ValueError, match="exists"):
        here.subscribe("one", print)


@pytest.mark.parametrize(("depth", "warning", "critical"), [(0, 0.7, 0.9), (1, 0.9, 0.7), (1, 0.7, 1.1), (1, 0, 1)])
def test_limits_must_make_sense(depth, warning, critical):
    with pytest.raises(ValueError, match="critical"):
        Limits(depth, warning, critical)


@settings(max_examples=25, deadline=None)
@given(outcomes=some.lists(some.sampled_from(["fine", "raise", "exit"]), max_size=40), writers=some.integers(1, 4))
def test_whatever_handlers_do_no_slot_is_lost(outcomes, writers):
    here = Bus(Limits(depth=1000))

    def react(outcome: str) -> None:
        if outcome != "fine":
            raise SystemExit if outcome == "exit" else RuntimeError

    here.subscribe("one", react)
    here.subscribe("two", lambda _event: None)
    threads = [threading.Thread(target=lambda: [here.publish(o) for o in outcomes]) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert here.wait(PATIENCE)
    numbers = here.stats()
    assert numbers.accepted == numbers.done + numbers.failed == 2 * writers * len(outcomes)
    assert numbers.depth == 0


@pytest.fixture
def heard() -> Iterator[list[object]]:
    """What a subscriber of the process's bus hears."""
    events: list[object] = []
    bus().subscribe("test", events.append)
    yield events
    bus().unsubscribe("test")


def test_facts_are_offered_once_they_are_committed(live_acme, heard):
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="a"))
        assert bus().stats().depth == 0

    assert bus().wait(PATIENCE)
    assert heard == [ThingPoked(thing="a")]


def test_a_full_bus_fails_no_commit(monkeypatch):
    full = Bus(Limits(depth=2, warning=0.1, critical=0.5))
    monkeypatch.setattr("rustok.bus.shared.bus", lambda: full)
    before = REGISTRY.get_sample_value("rustok_bus_rejected_total") or 0
    with held(full):
        offer([ThingPoked(thing="a"), ThingPoked(thing="b")])

    assert (full.stats().accepted, full.stats().rejected) == (1, 1)
    assert REGISTRY.get_sample_value("rustok_bus_rejected_total") == before + 1
