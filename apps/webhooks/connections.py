"""HTTP/1.1 to a pinned address with one deadline for everything: connect, TLS, send, and every byte of the answer.

Why no general client: a receiver that sends one byte every few seconds keeps the usual per-read timeouts happy for
minutes, and its worker busy. Here nothing blocks: `fleet` drives many connections from one thread and hangs up on those
whose time is over. Redirects are answers, not journeys.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from select import POLLIN, POLLOUT
from threading import Lock
from typing import Final

from apps.webhooks.addresses import Target
from apps.webhooks.answers import MAX_BODY, AnswerReader, MalformedAnswer
from rustok.telemetry.redaction import redact_text

__all__ = ["EXCERPT", "MAX_BODY", "Connection", "ConnectionFailed", "DeadlineExceeded", "Keeper", "Reply"]

EXCERPT: Final = 500  # characters kept
IDLE_LIMIT: Final = 20.0  # seconds after which a kept connection is not trusted any more
KEPT: Final = 64  # idle connections of one process
_CLOSED: Final = "the receiver closed the connection"


class DeadlineExceeded(Exception):
    """The receiver did not answer in time."""


class ConnectionFailed(Exception):
    """No connection, a broken one, or an answer that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered. `excerpt` is the beginning of the body, with known shapes of secrets masked."""

    status: int
    retry_after: str | None
    excerpt: str


class _Phase(Enum):
    IDLE = "nothing under way"
    CONNECTING = "TCP"
    SHAKING = "TLS"
    SENDING = "request"
    READING = "answer"


class Connection:
    """One keep-alive connection to one address; one exchange at a time: `start`, then `advance` until it is `done`.

    After that either `reply` or `failure` is set.
    """

    def __init__(self, target: Target, address: str) -> None:
        """Nothing is connected yet."""
        self.key = (target.scheme, target.host, target.port, address)
        self.target = target
        self.idle_since = 0.0
        self.deadline = 0.0
        self.reply: Reply | None = None
        self.failure: ConnectionFailed | DeadlineExceeded | None = None
        self.wants = POLLOUT
        self._address = address
        self._socket: socket.socket | None = None
        self._phase = _Phase.IDLE
        self._request, self._sent, self._kept = b"", 0, False
        self._reader = AnswerReader()

    @property
    def done(self) -> bool:
        """Whether the exchange is over."""
        return self.reply is not None or self.failure is not None

    @property
    def is_open(self) -> bool:
        """Whether it can carry another exchange."""
        return self._socket is not None

    def fileno(self) -> int:
        """The descriptor to wait on for `wants`."""
        return self._socket.fileno() if self._socket is not None else -1

    def start(self, headers: bytes, body: bytes, *, deadline: float) -> None:
        """Begin to post; `headers` are whole lines, `deadline` is on the `time.monotonic` clock."""
        self._request = b"%bContent-Length: %d\r\n%b\r\n%b" % (_opening(self.target), len(body), headers, body)
        self.deadline, self.reply, self.failure = deadline, None, None
        self._kept = self._socket is not None
        self._begin(_Phase.SENDING if self._kept else _Phase.CONNECTING)

    def advance(self) -> None:
        """Go on as far as it goes without waiting; never raises for what the receiver does."""
        try:
            self._go()
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except ssl.SSLWantWriteError:
            self.wants = POLLOUT
        except (ConnectionResetError, BrokenPipeError):
            self._lose(_CLOSED)
        except MalformedAnswer as error:
            self._lose(str(error))
        except OSError as error:
            self._fail(ConnectionFailed(_told(error)))

    def give_up(self) -> None:
        """Its time is over."""
        self._fail(DeadlineExceeded("no answer in time"))

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _begin(self, phase: _Phase) -> None:
        self._phase, self._sent, self._reader = phase, 0, AnswerReader()

    def _go(self) -> None:
        if self._phase is _Phase.CONNECTING:
            self._connect()
        if self._phase is _Phase.SHAKING:
            self._shake()
        if self._phase is _Phase.SENDING:
            if not self._sent and time.monotonic() >= self.deadline:
                self.give_up()  # a process that was frozen: others post it by now, and this one would come late
                return
            self._send()
            return  # nobody answers so fast; to ask the socket costs more than to be told
        while self._phase is _Phase.READING:
            self._read()
            if not self.done and time.monotonic() >= self.deadline:
                self.give_up()  # who sends without a pause would keep us here, however little of it is an answer

    def _connect(self) -> None:
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.wants = POLLOUT
            self._check(self._socket.connect_ex((self._address, self.target.port)))
        else:
            self._check(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        if self.target.scheme == "http":
            self._phase = _Phase.SENDING
            return
        self._socket = _tls().wrap_socket(self._socket, server_hostname=self.target.host, do_handshake_on_connect=False)
        self._phase = _Phase.SHAKING

    @staticmethod
    def _check(code: int) -> None:
        if code == errno.EINPROGRESS:
            raise BlockingIOError
        if code:
            raise OSError(code, os.strerror(code))

    def _shake(self) -> None:
        assert isinstance(self._socket, ssl.SSLSocket)
        self.wants = POLLIN
        self._socket.do_handshake()
        self._phase = _Phase.SENDING

    def _send(self) -> None:
        assert self._socket is not None
        self.wants = POLLOUT
        while self._sent < len(self._request):
            self._sent += self._socket.send(self._request[self._sent :] if self._sent else self._request)
        self._phase, self.wants = _Phase.READING, POLLIN

    def _read(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(65_536)
        if data:
            self._reader.feed(data)
        else:
            self._reader.end()
        if self._reader.complete:
            self._finish()

    def _finish(self) -> None:
        reader, self._phase = self._reader, _Phase.IDLE
        if not reader.reusable:
            self.close()
        self.reply = Reply(reader.status, reader.retry_after, _excerpt(reader.body))

    def _lose(self, reason: str) -> None:
        """A kept connection that the receiver had closed meanwhile is opened once more."""
        if self._kept and not self._reader.has_begun:
            self.close()
            self._kept = False
            self._begin(_Phase.CONNECTING)
            self.advance()
        else:
            self._fail(ConnectionFailed(reason))

    def _fail(self, failure: ConnectionFailed | DeadlineExceeded) -> None:
        self.close()
        self._phase, self.failure = _Phase.IDLE, failure


class Keeper:
    """Idle connections of this process, newest kept; safe for threads."""

    def __init__(self) -> None:
        """Start empty."""
        self._idle: OrderedDict[int, Connection] = OrderedDict()
        self._by_key: dict[tuple[str, str, int, str], list[Connection]] = {}
        self._lock = Lock()

    def take(self, target: Target, address: str) -> Connection:
        """A connection to this very address: a kept one that is fresh, or a new one."""
        fresh = Connection(target, address)
        with self._lock:
            kept = self._pop(fresh.key)
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
            self._by_key.clear()
        for connection in idle:
            connection.close()

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next turn, if it is open."""
        if not connection.is_open:
            return
        connection.idle_since = time.monotonic()
        surplus = None
        with self._lock:
            self._idle[id(connection)] = connection
            self._by_key.setdefault(connection.key, []).append(connection)
            if len(self._idle) > KEPT:
                surplus = next(iter(self._idle.values()))
                self._forget(surplus)
        if surplus is not None:
            surplus.close()

    def _pop(self, key: tuple[str, str, int, str]) -> Connection | None:
        same = self._by_key.get(key)
        if not same:
            return None
        newest = same[-1]
        self._forget(newest)
        return newest

    def _forget(self, connection: Connection) -> None:
        del self._idle[id(connection)]
        same = self._by_key[connection.key]
        same.remove(connection)
        if not same:
            del self._by_key[connection.key]


@lru_cache(maxsize=1_024)
def _opening(target: Target) -> bytes:
    """The first lines of every request to a receiver."""
    return f"POST {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n".encode("latin-1")


def _excerpt(body: bytes) -> str:
    """The beginning as one would read it: no control characters, no secrets of a known shape."""
    if not body:
        return ""
    text = body[: EXCERPT * 4].decode("utf-8", "replace")
    plain = "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)
    return redact_text(plain)[:EXCERPT]


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _told(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'failed'}"
    return (error.strerror or type(error).__name__).lower()
