"""Modes: the truth table, hysteresis that does not flap, a person's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.errors.families import DatabaseUnavailable
from rustok.errors.resilience import Overloaded, ServiceDegraded
from rustok.operations import INTERNAL, Criticality, Operation
from rustok.resilience.degradation import DegradationController, Mode, ModeOverride, Threshold, permits
from tests.support.breakers import Clock

LOW, NORMAL, HIGH, CRITICAL = Criticality
LOAD = {"load": (Threshold(Mode.DEGRADED, 1.5, 0.7, rise=2, fall=10),)}


@pytest.fixture
def subject(clock):
    return DegradationController(LOAD, clock=clock, wall=clock)


def operation(criticality, *, writes=False, permission=INTERNAL):
    return Operation("some", "endpoint", permission, criticality, writes)


@pytest.mark.parametrize(
    ("mode", "reads", "writes"),
    [
        (Mode.FULL, {LOW, NORMAL, HIGH, CRITICAL}, {LOW, NORMAL, HIGH, CRITICAL}),
        (Mode.DEGRADED, {NORMAL, HIGH, CRITICAL}, {NORMAL, HIGH, CRITICAL}),
        (Mode.MINIMAL, {NORMAL, HIGH, CRITICAL}, set()),
        (Mode.OFFLINE, {CRITICAL}, set()),
    ],
    ids=["full", "degraded", "minimal", "offline"],
)
def test_the_truth_table(mode, reads, writes):
    assert {level for level in Criticality if permits(mode, level, writes=False)} == reads
    assert {level for level in Criticality if permits(mode, level, writes=True)} == writes


@given(st.sampled_from(list(Criticality)), st.booleans())
def test_a_worse_mode_permits_nothing_more(criticality, writes):
    permitted = [permits(mode, criticality, writes=writes) for mode in Mode]

    assert permitted == sorted(permitted, reverse=True)


def feed(subject, clock, *values):
    modes = []
    for value in values:
        modes.append(subject.feed({"load": value}))
        clock.pass_by(1)
    return modes


def test_a_spike_changes_nothing_and_a_lasting_load_does(subject, clock):
    assert feed(subject, clock, 9, 9, 0, 9, 9, 9)[-4:] == [Mode.FULL, Mode.FULL, Mode.FULL, Mode.DEGRADED]


def test_the_mode_is_left_only_after_a_calm_while(subject, clock):
    feed(subject, clock, 9, 9, 9)

    assert set(feed(subject, clock, *[0.1] * 9, 1.0, *[0.1] * 10)) == {Mode.DEGRADED}
    assert feed(subject, clock, 0.1)[-1] is Mode.FULL


@given(st.lists(st.floats(0.71, 1.49), min_size=20, max_size=60))
def test_between_the_two_levels_nothing_changes(values):
    clock = Clock()
    subject = DegradationController(LOAD, clock=clock, wall=clock)
    before = feed(subject, clock, 9, 9, 9)[-1]

    assert set(feed(subject, clock, *values)) == {before}


def test_the_worst_measurement_decides_and_is_named(clock):
    subject = DegradationController(clock=clock, wall=clock)
    for _ in range(10):
        subject.feed({"load": 9, "disk": 1})
        clock.pass_by(1)

    assert subject.mode is Mode.MINIMAL
    assert subject.causes() == {"load": Mode.DEGRADED, "disk": Mode.MINIMAL}
    assert subject.values()["load"] == 9


def test_a_person_decides_for_a_time(subject, clock):
    subject.set_override(ModeOverride(mode=Mode.MINIMAL, until=clock() + 60, by="user:1"))
    chosen = subject.mode
    clock.pass_by(61)

    assert (chosen, subject.feed({}), subject.override) == (Mode.MINIMAL, Mode.FULL, None)


def test_what_is_refused_says_why_and_when(subject, clock):
    subject.set_override(ModeOverride(mode=Mode.MINIMAL, until=clock() + 60))
    subject.require(operation(NORMAL))
    with pytest.raises(ServiceDegraded) as refusal:
        subject.require(operation(CRITICAL, writes=True))

    assert (refusal.value.context["mode"], refusal.value.retry_after) == ("minimal", 60)


def test_without_its_database_the_refusal_is_5001(clock):
    subject = DegradationController(clock=clock, wall=clock)
    for _ in range(10):
        subject.feed({"database": 1})
        clock.pass_by(1)

    with pytest.raises(DatabaseUnavailable):
        subject.require(operation(CRITICAL, writes=True))


def test_a_full_house_without_a_database_is_the_databases_fault(clock):
    subject = DegradationController(clock=clock, wall=clock)
    before = subject.overload()
    subject.feed({"database": 1})

    assert (type(before), type(subject.overload())) == (Overloaded, DatabaseUnavailable)


def test_who_steers_is_never_locked_out(subject, clock):
    subject.set_override(ModeOverride(mode=Mode.OFFLINE, until=clock() + 60))

    assert subject.permits(operation(LOW, writes=True, permission="degradation:update"))


def test_a_threshold_without_a_gap_is_refused():
    with pytest.raises(ValueError, match="left below"):
        Threshold(Mode.DEGRADED, 1, 1)
