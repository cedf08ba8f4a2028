"""Eight real processes and one sick dependency: one probe in flight when half open, state that outlives them."""

import contextlib
import itertools
import multiprocessing
import time
from dataclasses import dataclass, field

import pytest

from rustok.config import config
from rustok.resilience.circuit_breaker import Policy, RedisStore, Registry, State
from rustok.resilience.errors import CircuitOpen

POLICY = Policy(failures=3, open_seconds=0.4, lease_seconds=5)
FORK = multiprocessing.get_context("fork")


@dataclass
class Report:
    """What one process saw."""

    probes: list = field(default_factory=list)
    rejected: int = 0
    state: str = ""


def hammer(name, until, healthy_after, reports):
    """Call the dependency again and again; it is sick until `healthy_after`."""
    registry, report = Registry(RedisStore(config().redis_url.get_secret_value(), name=name)), Report()
    subject = registry.breaker("sick", policy=POLICY)

    def call():
        began, probing = time.time(), subject.record.state is not State.CLOSED
        time.sleep(0.05 if probing else 0.01)
        if probing:
            report.probes.append((began, time.time()))
        if time.time() < healthy_after:
            raise ConnectionError

    while time.time() < until:
        try:
            with contextlib.suppress(ConnectionError):
                subject.call(call)
        except CircuitOpen:
            report.rejected += 1
            time.sleep(0.005)
    registry.synchronise()
    report.state = subject.state.value
    reports.put(report)


def run(name, *, processes, seconds, sick):
    reports, now = FORK.Queue(), time.time()
    running = [
        FORK.Process(target=hammer, args=(name, now + seconds, now + sick, reports), daemon=True)
        for _ in range(processes)
    ]
    for process in running:
        process.start()
    found = [reports.get(timeout=30) for _ in running]
    for process in running:
        process.join(10)
    reports.close()
    return found


@pytest.fixture
def name():
    name = f"rustok:test:{time.time_ns()}"
    yield name
    RedisStore(config().redis_url.get_secret_value())._client.delete(name)


def test_one_probe_in_flight_over_eight_processes_and_the_state_outlives_them(name):
    reports = run(name, processes=8, seconds=2.5, sick=60)
    probes = sorted(span for report in reports for span in report.probes)

    assert len(probes) >= 2
    assert [pair for pair in itertools.pairwise(probes) if pair[1][0] < pair[0][1]] == []
    assert sum(report.rejected for report in reports) > 100
    successor = Registry(RedisStore(config().redis_url.get_secret_value(), name=name), watching=False)
    assert successor.breaker("sick", policy=POLICY).state is not State.CLOSED


def test_a_dependency_that_recovers_closes_the_breaker_for_all(name):
    reports = run(name, processes=3, seconds=2.5, sick=0.8)

    assert {report.state for report in reports} == {"closed"}
    assert RedisStore(config().redis_url.get_secret_value(), name=name).everything()[0] == {}
