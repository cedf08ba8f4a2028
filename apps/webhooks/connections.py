"""HTTP/1.1 to a pinned address with one deadline for everything: connect, TLS, send, and every byte of the answer.

Why no general client: a receiver that sends one byte every few seconds keeps the usual per-read timeouts happy for
minutes, and its worker busy. Here each read gets what is left of the deadline. Redirects are answers, not journeys.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Any, Final

from apps.webhooks.addresses import Target

MAX_BODY: Final = 65_536  # bytes of an answer that are read at all
EXCERPT: Final = 500  # characters kept
IDLE_LIMIT: Final = 20.0  # seconds after which a kept connection is not trusted any more
KEPT: Final = 64  # idle connections of one process


class DeadlineExceeded(Exception):
    """The receiver did not answer in time."""


class ConnectionFailed(Exception):
    """No connection, a broken one, or an answer that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered."""

    status: int
    retry_after: str | None
    excerpt: str


class _Plain(socket.socket):
    """A socket whose reads share one deadline (on the `time.monotonic` clock)."""

    deadline: float = 0.0

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Wait no longer than the deadline allows."""
        self.settimeout(_left(self.deadline))
        return super().recv_into(*args, **kwargs)


class _Secure(ssl.SSLSocket):
    """The same over TLS."""

    deadline: float = 0.0

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Wait no longer than the deadline allows."""
        self.settimeout(_left(self.deadline))
        return super().recv_into(*args, **kwargs)


class Connection:
    """One keep-alive connection to one address; used by one thread at a time."""

    def __init__(self, target: Target, address: str) -> None:
        """Nothing is connected yet."""
        self.key = (target.scheme, target.host, target.port, address)
        self.target, self._address = target, address
        self._socket: _Plain | _Secure | None = None
        self.idle_since = 0.0

    def post(self, headers: Mapping[str, str], body: bytes, *, timeout: float) -> Reply:
        """Send one request and read the answer.

        Raises DeadlineExceeded or ConnectionFailed. A kept connection that turns out to be closed is opened once more.
        """
        deadline = time.monotonic() + timeout
        head = f"POST {self.target.path} HTTP/1.1\r\nHost: {self.target.authority}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{head}{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
        while True:
            kept = self._socket is not None
            try:
                return self._exchange(request, deadline)
            except (ConnectionResetError, BrokenPipeError):
                self.close()
                failure = ConnectionFailed("the receiver closed the connection")
            except ConnectionFailed as error:
                failure = error
            if not kept:
                raise failure

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes, deadline: float) -> Reply:
        try:
            channel = self._connected(deadline)
            channel.settimeout(_left(deadline))
            channel.sendall(request)
            return self._read(channel)
        except TimeoutError:
            self.close()
            raise DeadlineExceeded("no answer in time") from None
        except (ConnectionResetError, BrokenPipeError):
            raise
        except (OSError, HTTPException) as error:
            self.close()
            raise ConnectionFailed(_told(error)) from error

    def _connected(self, deadline: float) -> _Plain | _Secure:
        channel = self._socket
        if channel is None:
            channel = self._socket = _open(self.target, self._address, deadline)
        channel.deadline = deadline
        return channel

    def _read(self, channel: _Plain | _Secure) -> Reply:
        response = HTTPResponse(channel, method="POST")
        try:
            response.begin()
            content = response.read(MAX_BODY)
            if response.will_close or not response.isclosed():
                self.close()
            excerpt = content.decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]
            return Reply(response.status, response.getheader("Retry-After"), excerpt)
        finally:
            response.close()


class Keeper:
    """Idle connections of this process, newest kept; safe for threads."""

    def __init__(self) -> None:
        """Start empty."""
        self._idle: OrderedDict[tuple[str, str, int, str], Connection] = OrderedDict()
        self._lock = Lock()

    def take(self, target: Target, address: str) -> Connection:
        """A connection to this very address: a kept one that is fresh, or a new one."""
        fresh = Connection(target, address)
        with self._lock:
            kept = self._idle.pop(fresh.key, None)
        if kept is None:
            return fresh
        if time.monotonic() - kept.idle_since > IDLE_LIMIT:
            kept.close()
            return fresh
        kept.target = target  # the path may be another one
        return kept

    def close_all(self) -> None:
        """Hang up every idle connection."""
        with self._lock:
            idle = list(self._idle.values())
            self._idle.clear()
        for connection in idle:
            connection.close()

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next turn."""
        connection.idle_since = time.monotonic()
        with self._lock:
            former = self._idle.pop(connection.key, None)
            self._idle[connection.key] = connection
            surplus = self._idle.popitem(last=False)[1] if len(self._idle) > KEPT else None
        for closing in (former, surplus):
            if closing is not None:
                closing.close()


def _open(target: Target, address: str, deadline: float) -> _Plain | _Secure:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    plain = _Plain(family, socket.SOCK_STREAM)
    try:
        plain.settimeout(_left(deadline))
        plain.connect((address, target.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.scheme == "http":
            return plain
        plain.settimeout(_left(deadline))
        secure = _tls().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise
    assert isinstance(secure, _Secure)
    return secure


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _Secure
    return context


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _told(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'failed'}"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
