"""Asking the site itself: plain HTTP/1.1 over loopback, a connection per question, short waits, small answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Final

WAIT: Final = 2.0  # seconds for one answer
MOST: Final = 200_000  # bytes of a body that are read


class Unanswered(Exception):
    """The site did not answer the question, or not in HTTP."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `extra` are raw header lines after `Host`, so that odd ones can be sent."""

    host: str
    path: str
    method: str = "GET"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case, repeated ones in order."""

    status: int
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: str = ""

    def header(self, name: str) -> str:
        """All values of a header as one text; empty when it is not there."""
        return ", ".join(self.headers.get(name.lower(), ()))


def ask(address: tuple[str, int], question: Question, *, wait: float = WAIT) -> Answer:
    """Send the request and read the answer; raises Unanswered. Takes `wait` seconds at most."""
    lines = [f"{question.method} {question.path} HTTP/1.1", f"Host: {question.host}", *question.extra]
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    until = time.monotonic() + wait
    try:
        with closing(socket.create_connection(address, timeout=wait)) as connection:
            connection.sendall(request)
            connection.settimeout(max(0.05, until - time.monotonic()))
            response = HTTPResponse(connection, method=question.method)
            response.begin()
            body = response.read(MOST)
    except (OSError, HTTPException, ValueError) as error:
        raise Unanswered(type(error).__name__) from error
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in response.getheaders():
        headers[name.lower()] = (*headers.get(name.lower(), ()), value)
    return Answer(response.status, headers, body.decode("utf-8", "replace"))
