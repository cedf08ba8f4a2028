"""A stand-in for `apache_iggy.IggyClient`: no Iggy server can be had as a package.

It answers the calls that our transport makes, with the arguments that the real client takes (a test compares the
signatures) and the messages that the real client builds. It proves our side of the contract, nothing about a server.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import apache_iggy
from apache_iggy import HeaderKey, HeaderValue, PollingStrategy, UserHeaders

DOWN, SILENT, UP = "down", "silent", "up"


@dataclass
class SentMessage:
    """What the real `SendMessage` was built from; building it checks the arguments."""

    data: bytes
    user_headers: dict[str, Any] | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        apache_iggy.SendMessage(self.data, self.user_headers, self.id)


@dataclass
class Stored:
    """A message as the real `ReceiveMessage` shows it."""

    message: SentMessage
    number: int
    taken: int

    def payload(self) -> bytes:
        return self.message.data

    def offset(self) -> int:
        return self.number

    def timestamp(self) -> int:
        return self.taken

    def user_headers(self) -> UserHeaders | None:
        facts = (self.message.user_headers or {}).items()
        return UserHeaders({HeaderKey.String(name): HeaderValue.String(value) for name, value in facts})


@dataclass
class Topic:
    """Partitions of a topic."""

    partitions: list[list[Stored]]

    @property
    def partitions_count(self) -> int:
        return len(self.partitions)


@dataclass
class IggyServer:
    """What all clients of one test talk to."""

    state: str = UP
    streams: dict[str, dict[str, Topic]] = field(default_factory=dict)
    offsets: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def from_connection_string(self, connection_string: str) -> FakeIggyClient:
        assert connection_string.startswith("iggy://")
        return FakeIggyClient(self)


class FakeIggyClient:
    """The calls of `IggyClient` that the transport makes."""

    def __init__(self, server: IggyServer) -> None:
        self._server = server
        self._connected = False

    async def connect(self) -> None:
        await self._reach()
        self._connected = True

    async def ping(self) -> None:
        await self._reach()

    async def create_stream(self, name: str) -> None:
        await self._reach()
        if name in self._server.streams:
            raise RuntimeError(f"Stream with name: {name} already exists.")
        self._server.streams[name] = {}

    async def get_stream(self, stream_id: str) -> object | None:
        await self._reach()
        return self._server.streams.get(stream_id)

    async def get_topic(self, stream_id: str, topic_id: str) -> Topic | None:
        await self._reach()
        return self._server.streams[stream_id].get(topic_id)

    async def create_topic(self, stream: str, name: str, partitions_count: int, *, message_expiry: Any) -> None:
        await self._reach()
        if name in self._server.streams[stream]:
            raise RuntimeError(f"Topic with name: {name} already exists.")
        self._server.streams[stream][name] = Topic([[] for _ in range(partitions_count)])

    async def create_partitions(self, stream_id: str, topic_id: str, partitions_count: int) -> None:
        await self._reach()
        self._server.streams[stream_id][topic_id].partitions += [[] for _ in range(partitions_count)]

    async def send_messages(self, stream: str, topic: str, partitioning: int, messages: list[SentMessage]) -> object:
        await self._reach()
        log = self._server.streams[stream][topic].partitions[partitioning]
        for message in messages:
            log.append(Stored(message, len(log), time.time_ns() // 1000))
        return object()

    async def poll_messages(
        self,
        stream: str,
        topic: str,
        *,
        consumer: Any,
        polling_strategy: Any,
        count: int,
        auto_commit: bool,
        partition_id: int,
    ) -> list[Stored]:
        await self._reach()
        place = (consumer.id, topic, partition_id)
        log = self._server.streams[stream][topic].partitions[partition_id]
        found = [one for one in log if self._is_wanted(one, polling_strategy, place)][:count]
        if auto_commit and found:
            self._server.offsets[place] = found[-1].number
        return found

    def _is_wanted(self, stored: Stored, strategy: Any, place: tuple[str, str, int]) -> bool:
        match strategy:
            case PollingStrategy.Offset(value):
                return bool(stored.number >= value)
            case PollingStrategy.Timestamp(value):
                return bool(stored.taken >= value)
            case PollingStrategy.Next():
                return stored.number > self._server.offsets.get(place, -1)
        return True

    async def _reach(self) -> None:
        if self._server.state == SILENT:
            await asyncio.sleep(60)
        if self._server.state == DOWN:
            self._connected = False
            raise RuntimeError("Cannot establish connection")
