"""What a process measures becomes a mode."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.health.feed import CHECKS, Feed
from apps.health.sampler import Sampler
from rustok.db.deadlines import silence
from rustok.errors.families import DatabaseUnavailable
from rustok.health import Check, CheckFailed, Observation, checks
from rustok.operations import Criticality
from rustok.resilience.admission import Admission
from rustok.resilience.degradation import DegradationController, Mode
from tests.support.breakers import Clock


@pytest.fixture
def clock():
    return Clock()


def feed_of(clock, run=Observation, name="database", pool_load=0.0, places=None):
    sampler = Sampler([Check(name=name, run=run)], clock=clock)
    modes = DegradationController(clock=clock, wall=clock)
    places = places or Admission(limit=4, waiting=0, clock=clock)
    return Feed(sampler, modes=modes, places=places, pool_load=lambda: pool_load), sampler, modes, places


def failing():
    raise CheckFailed("gone")


def ticks(feed, clock, count):
    for _ in range(count):
        feed.tick()
        clock.pass_by(0.5)


def test_a_process_that_has_just_started_is_not_offline(clock):
    feed, _sampler, modes, _places = feed_of(clock, failing)
    ticks(feed, clock, 20)

    assert modes.mode is Mode.FULL


@pytest.mark.parametrize(("name", "mode"), [("database", Mode.OFFLINE), ("disk", Mode.MINIMAL)], ids=["db", "disk"])
def test_a_failing_check_lowers_the_mode(clock, name, mode):
    feed, sampler, modes, _places = feed_of(clock, failing, name)
    sampler.sample(name)
    ticks(feed, clock, 20)

    assert modes.mode is mode


def test_a_silent_database_turns_the_service_off_at_once_and_dismisses_who_waits(clock):
    feed, _sampler, modes, places = feed_of(clock, places=Admission(limit=1, waiting=9, clock=clock))
    places.enter(Criticality.CRITICAL)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(places.enter, Criticality.CRITICAL)
        silence.note(silent=True)
        try:
            until = time.monotonic() + 5
            while not waiting.done() and time.monotonic() < until:
                feed.tick()
        finally:
            silence.note(silent=False)

        assert (waiting.result(), modes.mode) == (False, Mode.OFFLINE)
    assert isinstance(modes.refusal(), DatabaseUnavailable)
    ticks(feed, clock, 4)
    assert modes.mode is Mode.FULL


def test_a_full_pool_lowers_the_mode(clock):
    feed, _sampler, modes, _places = feed_of(clock, pool_load=2.0)
    ticks(feed, clock, 6)

    assert modes.causes() == {"pool": Mode.DEGRADED}


def test_an_overload_lowers_the_mode_and_its_end_lifts_it(clock):
    feed, _sampler, modes, places = feed_of(clock)
    for _ in range(6):
        for _request in range(1_000):
            places.note_refused()
        ticks(feed, clock, 1)
    during = modes.mode
    ticks(feed, clock, 25)

    assert (during, modes.mode) == (Mode.DEGRADED, Mode.FULL)


def test_the_checks_that_are_asked_for_exist():
    names = {check.name for check in checks()}

    assert {name for group in CHECKS.values() for name in group} <= names
    assert next(check for check in checks() if check.name == "database").criticality is Criticality.CRITICAL
