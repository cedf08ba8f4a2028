"""Eight real processes and one sick dependency: one probe in flight when half open, state that outlives them."""

import contextlib
import itertools
import multiprocessing
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from rustok.config import config
from rustok.errors.resilience import CircuitOpen
from rustok.resilience.circuit_breaker import Policy, RedisStore, Registry, State

POLICY = Policy(failures=3, open_seconds=0.4, lease_seconds=5)
FORK = multiprocessing.get_context("fork")
URL = urlsplit(config().redis_url.get_secret_value())


@dataclass
class Report:
    """What one process saw."""

    probes: list = field(default_factory=list)
    rejected: int = 0
    state: str = ""


def hammer(name, url, seconds, sick, together, reports):
    """Call the dependency for so many seconds after all are there; it is sick for the first ones."""
    registry, report = Registry(RedisStore(url, name=name)), Report()
    subject = registry.breaker("sick", policy=POLICY)

    together.wait(30)
    until, healthy_after = time.time() + seconds, time.time() + sick
    while time.time() < until:
        try:
            with contextlib.suppress(ConnectionError), subject.guard() as call:
                began = time.time()
                time.sleep(0.05 if call.is_probe else 0.01)
                if call.is_probe:
                    report.probes.append((began, time.time()))
                if time.time() < healthy_after:
                    raise ConnectionError
        except CircuitOpen:
            report.rejected += 1
            time.sleep(0.005)
    registry.synchronise()
    report.state = subject.state.value
    reports.put(report)


def run(name, *, processes, seconds, sick, url=""):
    reports, together = FORK.Queue(), FORK.Barrier(processes)
    arguments = (name, url or config().redis_url.get_secret_value(), seconds, sick, together, reports)
    running = [FORK.Process(target=hammer, args=arguments, daemon=True) for _ in range(processes)]
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
    assert sum(report.rejected for report in reports) > 20
    successor = Registry(RedisStore(config().redis_url.get_secret_value(), name=name), watching=False)
    assert successor.breaker("sick", policy=POLICY).state is not State.CLOSED


def test_a_dependency_that_recovers_closes_the_breaker_for_all(name):
    reports = run(name, processes=3, seconds=2.5, sick=0.8)

    assert {report.state for report in reports} == {"closed"}
    assert RedisStore(config().redis_url.get_secret_value(), name=name).everything()[0] == {}


class Wire:
    """The way to the store, through a port that can be cut: a proxy in a process of its own."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listening.getsockname()[1]}{URL.path}"
        self.process = FORK.Process(target=self._serve, daemon=True)
        self.process.start()
        self.listening.close()

    def cut(self):
        self.process.kill()
        self.process.join()

    def _serve(self):
        while True:
            here, _address = self.listening.accept()
            there = socket.create_connection((URL.hostname, URL.port))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)


def test_when_the_store_goes_each_process_decides_alone(name):
    wire = Wire()
    cutting = threading.Timer(0.5, wire.cut)
    cutting.start()
    reports = run(name, url=wire.url, processes=3, seconds=2.2, sick=1.0)
    cutting.join()

    assert all(report.rejected for report in reports)  # each goes on leaving the sick dependency alone
    assert all(report.probes for report in reports)  # each finds out by itself
    assert {report.state for report in reports} == {"closed"}
    for report in reports:
        assert [pair for pair in itertools.pairwise(report.probes) if pair[1][0] < pair[0][1]] == []
