"""A webhook receiver inside the test: a real server on a loopback port, with answers as scripted."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from rustok.config import config


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        document: dict[str, Any] = json.loads(self.body)
        return document


OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(line: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer: `status("500 Oops", b"text", retry_after="7")`."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {line}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


@dataclass
class Receiver:
    """`answer(got)` gives the raw answer: bytes, None to hang up, or a generator of pieces to send slowly."""

    port: int = 0
    answer: Callable[[Got], Any] = lambda _got: OK
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def serve(self, listener: socket.socket) -> None:
        number = 0
        while True:
            try:
                channel, _address = listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._talk, args=(channel, number), daemon=True).start()

    def _talk(self, channel: socket.socket, number: int) -> None:
        with channel, channel.makefile("rb") as stream:
            try:
                while (got := _read(stream, number)) is not None:
                    self.got.append(got)
                    if not _send(channel, self.answer(got)):
                        return
            except OSError:
                return


def _read(stream: Any, number: int) -> Got | None:
    first = stream.readline().decode()
    if not first:
        return None
    lines = iter(lambda: stream.readline().decode().rstrip("\r\n"), "")
    headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    return Got(first.split()[1], headers, stream.read(int(headers.get("content-length", 0))), number)


def _send(channel: socket.socket, answer: Any) -> bool:
    if answer is None:
        return False
    for piece in [answer] if isinstance(answer, bytes) else answer:
        channel.sendall(piece)
    return True


def drip(answer: bytes, pause: float) -> Iterator[bytes]:
    """The answer byte by byte."""
    for position in range(len(answer)):
        yield answer[position : position + 1]
        time.sleep(pause)


@contextmanager
def listening(receiver: Receiver) -> Iterator[Receiver]:
    """Serve on a free loopback port inside the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]
        threading.Thread(target=receiver.serve, args=(listener,), daemon=True).start()
        yield receiver
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def allowing(monkeypatch: pytest.MonkeyPatch, *places: str, timeout: float = 5.0) -> Iterator[None]:
    """Let webhooks reach these `host:port`, with this time limit in seconds."""
    monkeypatch.setenv("RUSTOK_WEBHOOK_ALLOW", ",".join(places))
    monkeypatch.setenv("RUSTOK_WEBHOOK_TIMEOUT", str(timeout))
    config.cache_clear()
    while config().webhook_allow != places:  # a thread in the background began to read it before
        config.cache_clear()
    try:
        yield
    finally:
        monkeypatch.undo()
        config.cache_clear()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that webhooks may reach; it answers 204 unless told otherwise."""
    with listening(Receiver()) as made, allowing(monkeypatch, f"127.0.0.1:{made.port}"):
        yield made
