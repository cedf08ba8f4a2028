"""Servers for the conformance suite, started when the first test asks, and the list of what ran for real.

`TRANSPORTS` names what must run (comma separated); the run fails when one of them did not. `make test-transports` sets
it. Without it the suite runs on what needs no installation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.brokers import SERVERS, Server
from tests.transports.rigs import BrokerRig, IggyRig, MemoryRig, Rig, ServerRig, WebhookRig

QUICK = ("memory", "webhook", "valkey", "nats", "kafka-peer", "iggy-peer")
REQUIRED = tuple(name for name in os.environ.get("TRANSPORTS", "").split(",") if name)
CHOSEN = REQUIRED or QUICK
TITLES = {
    "memory": "memory",
    "webhook": "webhook (HTTP)",
    "valkey": "Redis Streams (Valkey)",
    "nats": "NATS JetStream",
    "rabbitmq": "RabbitMQ",
}
PEERS = {"kafka-peer": "Kafka", "iggy-peer": "Apache Iggy"}  # no server can be had as a package: a peer of ours
_ran: set[str] = set()
_servers: dict[str, Server] = {}
_begun: dict[str, Server] = {}
_failed: set[str] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of `rig` on every chosen transport, one of `broker_rig` on those that are brokers."""
    if "rig" in metafunc.fixturenames:
        metafunc.parametrize("rig", CHOSEN, indirect=True)
    if "broker_rig" in metafunc.fixturenames:
        brokers = [name for name in CHOSEN if name != "webhook"]
        if metafunc.module.__name__.endswith("end_to_end"):
            brokers = [name for name in brokers if name not in PEERS]
        if "outage" in metafunc.function.__name__:  # a restart of RabbitMQ is slow; test_publishing has one
            brokers = [name for name in brokers if name != "rabbitmq"]
        metafunc.parametrize("broker_rig", brokers, indirect=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Server]]:
    yield _servers
    for server in {**_begun, **_servers}.values():
        server.remove()


@pytest.fixture(scope="session", autouse=True)
def early(request: pytest.FixtureRequest, servers: dict[str, Server]) -> None:
    """RabbitMQ takes its time: it comes up while the others are tested."""
    name = "rabbitmq"
    if SERVERS[name].is_here() and any(f"[{name}]" in item.name for item in request.session.items):
        _begun[name] = SERVERS[name]()
        _begun[name].begin()


@pytest.fixture
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The transport under test, over a topic of its own."""
    if request.param == "webhook":
        request.getfixturevalue("acme")
        with WebhookRig.open(monkeypatch) as made:
            yield made
    else:
        with _broker_rig(request, monkeypatch) as made:
            yield made
    _ran.add(request.param)


@pytest.fixture
def broker_rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokerRig]:
    """The same, for tests of what only brokers can do."""
    with _broker_rig(request, monkeypatch) as made:
        yield made
    _ran.add(request.param)


def _broker_rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    if request.param == "memory":
        return MemoryRig.open(monkeypatch)
    if request.param == "iggy-peer":
        return IggyRig.open(monkeypatch)
    known = request.getfixturevalue("servers")
    if request.param not in known:
        assert request.param not in _failed, f"{request.param} did not start"
        known[request.param] = _started(request.param)
    return ServerRig.on(known[request.param], monkeypatch)


def _started(name: str) -> Server:
    """A running server; one that does not start is not waited for a second time."""
    server = _begun.get(name) or SERVERS[name]()
    try:
        server.start()
    except RuntimeError:
        _failed.add(name)
        server.remove()
        raise
    return server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran for real."""
    if _ran:
        titles = ", ".join(TITLES[name] for name in sorted(_ran - set(PEERS)))
        terminalreporter.write_line(f"transports that ran for real: {titles}")
        for name in sorted(_ran & set(PEERS)):
            terminalreporter.write_line(f"client tested against a peer, not for real: {PEERS[name]}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail when a required transport did not run."""
    missing = sorted(set(REQUIRED) - _ran)
    if missing and not session.config.option.collectonly:
        print(f"\ntransports that did not run: {', '.join(missing)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
