"""The sampler: probes read memory; a check that hangs, breaks or is late is told from one that passes."""

import threading
from math import isnan

import pytest
from django.db import OperationalError

from apps.health.sampler import AGAIN_SECONDS, Result, Sampler, Status, pause_after
from rustok.health import Check, CheckFailed, Observation
from rustok.telemetry.metrics import REGISTRY


class Clock:
    """Time that moves only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def only(sampler):
    [result] = sampler.results()
    return result


def sampler_of(run, clock=None, **facts):
    check = Check(name="thing", run=run, **{"interval": 10, "timeout": 2, **facts})
    return Sampler([check], clock=clock or Clock())


def broken():
    raise RuntimeError("password=hunter2")


def gone():
    raise OperationalError("could not connect to 10.0.0.7")


def failing():
    raise CheckFailed("the thing is off")


@pytest.mark.parametrize(
    ("run", "status", "output"),
    [
        (lambda: Observation(value=3), Status.PASS, ""),
        (lambda: Observation(value=3, warning="soon full"), Status.WARN, "soon full"),
        (failing, Status.FAIL, "the thing is off"),
        (broken, Status.FAIL, "unknown error"),
        (gone, Status.FAIL, "PostgreSQL does not answer"),
    ],
)
def test_a_run_becomes_a_result(run, status, output):
    sampler = sampler_of(run)
    sampler.sample("thing")

    assert (only(sampler).status, only(sampler).output) == (status, output)


def told(metric):
    return REGISTRY.get_sample_value(f"rustok_health_check_{metric}", {"check": "thing"})


def test_a_failing_check_tells_what_it_measured():
    def late():
        raise CheckFailed("too late", Observation(90, "s"))

    sampler = sampler_of(late)
    sampler.sample("thing")

    assert (only(sampler).observed, told("value"), told("status")) == (Observation(90, "s"), 90, 0)


def test_the_last_good_number_is_not_told_for_ever():
    sampler_of(lambda: Observation(value=3)).sample("thing")
    sampler_of(gone).sample("thing")

    assert isnan(told("value"))


def test_before_the_first_run_nothing_passes():
    assert only(sampler_of(Observation)).status is Status.FAIL


def test_a_result_that_nobody_renews_fails():
    clock = Clock()
    sampler = sampler_of(Observation, clock)
    sampler.sample("thing")

    clock.now += 60

    assert only(sampler).output == "the last result is too old"


def test_a_check_that_hangs_fails_without_holding_up_the_reader():
    clock, begun, release = Clock(), threading.Event(), threading.Event()

    def hang():
        begun.set()
        release.wait(10)
        return Observation()

    sampler_of(Observation).sample("thing")  # an earlier process
    sampler = sampler_of(hang, clock)
    sampler.start()
    assert begun.wait(10)
    assert (only(sampler).status, told("status")) == (Status.FAIL, 1)
    clock.now += 3

    assert (only(sampler).output, told("status")) == ("no answer within 2 s", 0)
    sampler.stop()
    release.set()


def test_one_hanging_check_does_not_stop_the_others():
    done, release = threading.Event(), threading.Event()
    hanging = Check(name="hanging", run=lambda: release.wait(10) and Observation())
    sampler = Sampler([hanging, Check(name="fine", run=lambda: done.set() or Observation())])
    sampler.start()

    assert done.wait(10)
    sampler.stop()
    release.set()


def test_starting_twice_watches_once():
    runs = []
    sampler = sampler_of(lambda: runs.append(1) or Observation(), interval=1000)
    sampler.start()
    sampler.start()
    for thread in sampler._threads:
        sampler.stop()
        thread.join(10)

    assert runs == [1]


@pytest.mark.parametrize(
    ("status", "interval", "pause"),
    [(Status.PASS, 60, 60), (Status.WARN, 60, 60), (Status.FAIL, 60, AGAIN_SECONDS), (Status.FAIL, 1, 1)],
)
def test_what_fails_is_asked_again_soon(status, interval, pause):
    assert pause_after(Result(Check(name="x", run=Observation, interval=interval), status)) == pause


def test_the_metric_of_a_check_that_hangs_says_what_readers_are_told():
    clock, begun, release = Clock(), threading.Event(), threading.Event()
    answers = iter([lambda: None, lambda: begun.set() or release.wait(10)])
    sampler = sampler_of(lambda: [next(answers)(), Observation()][1], clock)
    sampler.sample("thing")
    again = threading.Thread(target=sampler.sample, args=("thing",))
    again.start()
    assert begun.wait(10)
    seen = [(only(sampler).status, told("status"))]
    clock.now += 3
    seen.append((only(sampler).status, told("status")))
    release.set()
    again.join(10)

    assert seen == [(Status.PASS, 1), (Status.FAIL, 0)]
    assert told("status") == 1
