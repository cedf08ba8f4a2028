"""One transport under test: how to open a turn, what the other side has, how to make it fail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from uuid import UUID

import pytest

from apps.events.records import StoredEvent
from apps.events.transports import Outcome, Refused, Route, Transport, open_transport
from apps.events.transports.brokers import Broker, Received, Topology, iggy, memory, opening
from apps.events.transports.destinations import close_all
from apps.events.transports.relaying import NAME as BROKER
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.services import create_endpoint
from rustok.config import config
from rustok.context import current
from rustok.db.ids import new_id
from tests.support.brokers import Server
from tests.support.iggy_peer import IggyServer, SentMessage
from tests.support.receiver import Receiver, allowing, drip, listening, status

TIMEOUT = 10.0  # seconds; what works must not fail on a busy machine
SHORT = 1.0  # where the time is going to run out
WEBHOOK = "webhook"
_topics = count(1)
_positions = count(1)


def fact(stream: str, version: int = 1, *, note: str = "") -> StoredEvent:
    """A numbered event of a stream."""
    data = json.dumps({"note": note})
    moment = "2026-11-23T01:00:00.000000Z"
    return StoredEvent(new_id(), next(_positions), stream, version, "testkit.noted", 1, data, "{}", moment)


def facts(*streams: str) -> list[StoredEvent]:
    """One event per name, each stream counting its versions."""
    return [fact(stream, streams[: at + 1].count(stream)) for at, stream in enumerate(streams)]


class Rig(Protocol):
    """What every transport can show."""

    at_once: int

    def turn(self) -> Transport: ...
    def taken(self) -> list[dict[str, Any]]: ...
    def unwelcome(self, stream: str, version: int = 1) -> StoredEvent: ...
    def kill(self) -> None: ...
    def mend(self) -> None: ...
    def hang(self) -> None: ...
    def resume(self) -> None: ...


def publish(rig: Rig, events: Sequence[StoredEvent], *, timeout: float = TIMEOUT) -> list[tuple[StoredEvent, Outcome]]:
    """One turn as the relay takes it: chunk by chunk, nothing more of an aggregate after a refusal."""
    transport = rig.turn()
    answers: list[tuple[StoredEvent, Outcome]] = []
    refused: set[str] = set()
    try:
        for start in range(0, len(events), transport.chunk):
            chunk = [event for event in events[start : start + transport.chunk] if event.stream not in refused]
            outcomes = transport.publish(chunk, timeout=timeout) if chunk else ()
            for event, outcome in zip(chunk, outcomes, strict=True):
                if event.stream not in refused:
                    answers.append((event, outcome))
                if isinstance(outcome, Refused):
                    refused.add(event.stream)
    finally:
        transport.close()
    return answers


@dataclass
class BrokerRig:
    """A topic of a broker, configured as an operator would."""

    url: str
    topic: str
    at_once = 2

    @classmethod
    @contextmanager
    def over(cls, monkeypatch: pytest.MonkeyPatch, url: str, **facts: Any) -> Iterator[BrokerRig]:
        made = cls(url, f"t{next(_topics)}.events", **facts)
        made.configure(monkeypatch)
        try:
            yield made
        finally:
            close_all()
            monkeypatch.undo()
            config.cache_clear()

    def configure(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        """Write the destination `under-test`."""
        row = {"url": self.url, "topic": self.topic, "groups": ["readers"], **settings}
        monkeypatch.setenv("RUSTOK_TRANSPORTS", json.dumps({"under-test": row}))
        config.cache_clear()

    def turn(self) -> Transport:
        return open_transport(BROKER, Route(UUID(int=1), "broker:under-test", "under-test", "acme"))

    @contextmanager
    def broker(self, *, partitions: int = 1, groups: tuple[str, ...] = ("readers",)) -> Iterator[Broker]:
        """A connection as a consumer has it."""
        made = opening.connect(self.url, Topology(self.topic, partitions, groups), timeout=TIMEOUT)
        try:
            yield made
        finally:
            made.close()

    def taken(self) -> list[dict[str, Any]]:
        return [message.event for message in self.messages()]

    def messages(self, **where: Any) -> Sequence[Received]:
        with self.broker() as broker:
            return broker.read(0, limit=1000, timeout=TIMEOUT, **where)

    def unwelcome(self, stream: str, version: int = 1) -> StoredEvent:
        """Larger than the broker takes."""
        with self.broker() as broker:
            return fact(stream, version, note="x" * (broker.largest + 1))


@dataclass
class MemoryRig(BrokerRig):
    """The broker inside the process; it breaks and hangs by a word."""

    @classmethod
    def open(cls, monkeypatch: pytest.MonkeyPatch):
        return cls.over(monkeypatch, f"memory://hall-{next(_topics)}")

    def kill(self) -> None:
        self._hall().broken = "unreachable"

    def mend(self) -> None:
        self._hall().broken = ""

    hang, resume = kill, mend

    def _hall(self) -> memory.Hall:
        return memory.hall(self.url.removeprefix("memory://"))


@dataclass
class IggyRig(BrokerRig):
    """Our code for Iggy, over a stand-in for the official client."""

    server: IggyServer = field(kw_only=True)

    @classmethod
    def open(cls, monkeypatch: pytest.MonkeyPatch):
        server = IggyServer()
        monkeypatch.setattr(iggy, "IggyClient", server)
        monkeypatch.setattr(iggy, "SendMessage", SentMessage)
        return cls.over(monkeypatch, f"iggy://user:secret@hall-{next(_topics)}:8090", server=server)

    def kill(self) -> None:
        self.server.state = "down"

    def hang(self) -> None:
        self.server.state = "silent"

    def mend(self) -> None:
        self.server.state = "up"

    resume = mend


@dataclass
class ServerRig(BrokerRig):
    """A broker in a process of its own."""

    server: Server = field(kw_only=True)

    @classmethod
    def on(cls, server: Server, monkeypatch: pytest.MonkeyPatch):
        return cls.over(monkeypatch, server.url, server=server)

    def kill(self) -> None:
        self.server.stop()

    def mend(self) -> None:
        self.server.start()

    def hang(self) -> None:
        self.server.hang()

    def resume(self) -> None:
        self.server.resume()


@dataclass
class WebhookRig:
    """A webhook endpoint of acme and its receiver."""

    receiver: Receiver
    target: str
    at_once = 1
    refused: set[str] = field(default_factory=set)
    heard: list[dict[str, Any]] = field(default_factory=list)
    state: str = "up"

    @classmethod
    @contextmanager
    def open(cls, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookRig]:
        with listening(Receiver()) as receiver, allowing(monkeypatch, f"127.0.0.1:{receiver.port}", timeout=TIMEOUT):
            create_endpoint(url=receiver.url, event_types=["*"], context=current())
            made = cls(receiver, str(WebhookEndpoint.objects.get(url=receiver.url).pk))
            receiver.answer = made._answer
            yield made

    def turn(self) -> Transport:
        return open_transport(WEBHOOK, Route(UUID(int=1), "webhook", self.target, "acme"))

    def taken(self) -> list[dict[str, Any]]:
        return [event for event in self.heard if event["id"] not in self.refused]

    def unwelcome(self, stream: str, version: int = 1) -> StoredEvent:
        made = fact(stream, version)
        self.refused.add(str(made.id))
        return made

    def kill(self) -> None:
        self.state = "down"

    def hang(self) -> None:
        self.state = "silent"

    def mend(self) -> None:
        self.state = "up"

    resume = mend

    def _answer(self, got: Any) -> Any:
        if self.state == "down":
            return None
        if self.state == "silent":
            return drip(status("204 No Content"), 2 * SHORT)
        self.heard.append(got.event)
        return status("422 Unprocessable Content" if got.event["id"] in self.refused else "204 No Content")
