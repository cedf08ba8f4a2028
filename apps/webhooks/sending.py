"""Posting one signed message to one endpoint: the part that the relay's transport and the test button share."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.webhooks.addresses import Target, Unreachable, read_url, resolve
from apps.webhooks.connections import Connection, DeadlineExceeded, Keeper, Reply
from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.fleet import WIDTH, Fleet
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.secrets import signing_keys
from apps.webhooks.signing import sign
from apps.webhooks.tracing import Post, described
from rustok.context import Trace
from rustok.sealing import Unsealable
from rustok.tenant_config import tenant_config

GONE: Final = 410
_RESOLVE_SHARE: Final = 0.4  # of the timeout
_BEGIN: Final = 1.0  # seconds in which one call begins posts
_FILL: Final = 0.7  # part of the timeout in which it begins posts that others have overtaken
_OVERLOADED: Final = frozenset({429, 503})
_UNAVAILABLE: Final = _OVERLOADED | {502, 504}
_SEALED: Final = "the signing secret cannot be opened: rotate it"
_PLAIN: Final = (
    "Content-Type: application/cloudevents+json; charset=utf-8\r\nUser-Agent: RusToK-Webhooks/1.0\r\nAccept: */*\r\n"
)

_keeper: Final = Keeper()
close_idle: Final = _keeper.close_all
atexit.register(close_idle)


@dataclass(frozen=True, slots=True)
class Message:
    """One CloudEvent as it goes over the wire. `message_id` stays the same over all attempts.

    `trace` is the span that recorded the event.
    """

    message_id: str
    body: bytes
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an attempt. `reply` None: there was no answer, and `error` says why."""

    outcome: Outcome
    reply: Reply | None
    error: str
    duration_ms: int

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it."""
        return not isinstance(self.outcome, Refused)

    @property
    def overloaded(self) -> bool:
        """Whether the receiver said that it cannot take more right now."""
        return self.reply is not None and self.reply.status in _OVERLOADED


_NOT_BEGUN: Final = Sent(Refused(reason="no time was left"), None, "no time was left", 0)


class Sender:
    """Sends to one endpoint over few connections, to the one address that was resolved and checked."""

    def __init__(self, endpoint: WebhookEndpoint, *, heard: Callable[[], None] = lambda: None) -> None:
        """Open the secrets; nothing is connected yet. `heard` is called with every answer.

        Secrets that cannot be opened (another secret key of the platform) are a refusal of every message, no error:
        one such endpoint must not stop the relay of the others.
        """
        self._url = endpoint.url
        self._heard = heard
        self._keys = _opened(endpoint)
        self._timeout = float(endpoint.timeout_seconds or tenant_config().webhook_timeout)
        self._place: tuple[Target, str] | None = None
        self._idle: list[Connection] = []
        self._about: dict[str, Any] = {}

    def send(self, message: Message, *, timeout: float) -> Sent:
        """Post within `timeout` seconds, name resolution included; never raises for what the receiver does."""
        return self.send_all([message], keys=[None], timeout=timeout)[0] or _NOT_BEGUN

    def send_all(
        self, messages: Sequence[Message], *, keys: Sequence[Hashable], timeout: float, width: int = WIDTH
    ) -> list[Sent | None]:
        """Post them side by side, those of one key in order; None: not begun, for want of time or after a refusal.

        A refusal ends its key, one that concerns the destination ends everything that has not begun. New posts begin
        in the first second (or half of `timeout`) only, so that each has a fair time to be answered.
        """
        started = time.monotonic()
        failed = self._resolve(started + timeout) if self._keys else _unsent(_SEALED, started)
        if failed is not None:
            return [failed, *[None] * (len(messages) - 1)]
        flight = _Flight(self, messages, until=started + timeout, patience=self._timeout)
        flight.fly(keys, started=started, timeout=timeout, width=width)
        return flight.results

    def close(self) -> None:
        """Keep the connections for the next turn of this process."""
        for connection in self._idle:
            _keeper.give_back(connection)
        self._idle.clear()

    def begin(self, message: Message, deadline: float, post: Post) -> Connection:
        """An exchange that is under way."""
        assert self._place is not None
        connection = self._idle.pop() if self._idle else _keeper.take(*self._place)
        told = post.begin(self._about, message.message_id)
        connection.start(self._headers(message, told), message.body, deadline=deadline)
        return connection

    def end(self, connection: Connection) -> None:
        """Take an open connection back."""
        if connection.reply is not None:
            self._heard()
        if connection.is_open:
            self._idle.append(connection)

    def _resolve(self, until: float) -> Sent | None:
        """Find the address once per turn; what went wrong, or None."""
        if self._place is not None:
            return None
        started = time.monotonic()
        try:
            target = read_url(self._url)
            self._place = target, resolve(target, timeout=(until - started) * _RESOLVE_SHARE)
            self._about = described(target)
        except UnsafeAddress as error:
            return _unsent(error.detail, started)
        except Unreachable as error:
            return _unsent(str(error), started)
        return None

    def _headers(self, message: Message, told: Mapping[str, str]) -> bytes:
        """The lines of a signed message. Nothing in them comes from outside but the trace, whose syntax was checked."""
        timestamp, message_id = int(time.time()), message.message_id
        signatures = " ".join(
            [sign(key, message_id=message_id, timestamp=timestamp, body=message.body) for key in self._keys]
        )
        trace = "".join([f"{name}: {value}\r\n" for name, value in told.items()])
        return (
            f"{_PLAIN}webhook-id: {message_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: {signatures}\r\n{trace}"
        ).encode("latin-1")


class _Flight:
    """The posts of one `send_all`."""

    def __init__(self, sender: Sender, messages: Sequence[Message], *, until: float, patience: float) -> None:
        self.results: list[Sent | None] = [None] * len(messages)
        self._sender, self._messages = sender, messages
        self._until, self._patience = until, patience
        self._begun: dict[int, float] = {}
        self._posts: dict[int, Post] = {}
        self._fleet: Fleet | None = None

    def fly(self, keys: Sequence[Hashable], *, started: float, timeout: float, width: int) -> None:
        self._fleet = Fleet(keys, start=self._start, judge=self._judge, width=width)
        self._fleet.run(until=started + min(_BEGIN, timeout / 2), fill_until=started + timeout * _FILL)

    def _start(self, job: int) -> Connection:
        now, message = time.monotonic(), self._messages[job]
        post = Post(message.trace)
        self._begun[job], self._posts[job] = now, post
        return self._sender.begin(message, min(self._until, now + self._patience), post)

    def _judge(self, job: int, connection: Connection) -> bool:
        outcome = _outcome(connection)
        reason = outcome.reason if isinstance(outcome, Refused) else ""
        sent = Sent(outcome, connection.reply, reason, _milliseconds(self._begun[job]))
        self.results[job] = sent
        self._posts.pop(job).end(connection.reply.status if connection.reply else None, reason)
        self._sender.end(connection)
        if isinstance(outcome, Refused) and (outcome.destination or outcome.hung):
            assert self._fleet is not None
            self._fleet.stop()
        return sent.succeeded


def _opened(endpoint: WebhookEndpoint) -> list[bytes]:
    try:
        return signing_keys(endpoint)
    except Unsealable:
        return []


def _outcome(connection: Connection) -> Outcome:
    if connection.reply is not None:
        return judge(connection.reply)
    hung = isinstance(connection.failure, DeadlineExceeded)
    return Refused(reason=str(connection.failure), destination=not hung, hung=hung)


def _unsent(reason: str, started: float) -> Sent:
    return Sent(Refused(reason=reason, destination=True), None, reason, _milliseconds(started))


def _milliseconds(since: float) -> int:
    return round((time.monotonic() - since) * 1000)


def judge(reply: Reply) -> Outcome:
    """What a status means: 2xx taken; 410, redirects and overload concern the destination; the rest this event."""
    if 200 <= reply.status < 300:
        return DELIVERED
    reason = f"HTTP {reply.status}"
    if reply.status in _UNAVAILABLE:
        return Refused(reason=reason, destination=True, retry_after=_seconds(reply.retry_after))
    if 300 <= reply.status < 400:
        return Refused(reason=f"{reason}: redirects are not followed", destination=True)
    return Refused(reason=reason, destination=reply.status == GONE)


def _seconds(retry_after: str | None) -> float | None:
    """`Retry-After` in its numeric form (RFC 9110 section 10.2.3); a date is taken as no wish."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
