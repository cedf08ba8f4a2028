"""Posting one signed message to one endpoint: the part that the relay's transport and the test button share."""

from __future__ import annotations

import atexit
import time
from dataclasses import dataclass
from typing import Final

from apps.events.transports import DELIVERED, Outcome, Refused
from apps.webhooks.addresses import Unreachable, read_url, resolve
from apps.webhooks.connections import Connection, ConnectionFailed, DeadlineExceeded, Keeper, Reply
from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.sealing import unseal
from apps.webhooks.signing import sign

GONE: Final = 410
_RESOLVE_SHARE: Final = 0.4  # of the timeout
_UNAVAILABLE: Final = frozenset({429, 502, 503, 504})
_USER_AGENT: Final = "RusToK-Webhooks/1.0"

_keeper: Final = Keeper()
close_idle: Final = _keeper.close_all
atexit.register(close_idle)


@dataclass(frozen=True, slots=True)
class Message:
    """One CloudEvent as it goes over the wire. `message_id` stays the same over all attempts."""

    message_id: str
    body: bytes
    traceparent: str = ""


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


class Sender:
    """Sends to one endpoint over one connection, to the one address that was resolved and checked."""

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        """Open the secret; nothing is connected yet."""
        self._url = endpoint.url
        self._key = unseal(bytes(endpoint.sealed_secret), row=endpoint.pk)
        self._connection: Connection | None = None

    def send(self, message: Message, *, timeout: float) -> Sent:
        """Post within `timeout` seconds, name resolution included; never raises for what the receiver does."""
        started = time.monotonic()
        reply: Reply | None = None
        try:
            reply = self._exchange(message, started + timeout)
            outcome = judge(reply)
        except UnsafeAddress as error:
            outcome = Refused(reason=error.detail, destination=True)
        except (Unreachable, ConnectionFailed) as error:
            outcome = Refused(reason=str(error), destination=True)
        except DeadlineExceeded as error:
            outcome = Refused(reason=str(error), hung=True)
        reason = outcome.reason if isinstance(outcome, Refused) else ""
        return Sent(outcome, reply, reason, round((time.monotonic() - started) * 1000))

    def close(self) -> None:
        """Keep the connection for the next turn of this process."""
        if self._connection is not None:
            _keeper.give_back(self._connection)
            self._connection = None

    def _exchange(self, message: Message, until: float) -> Reply:
        if self._connection is None:
            target = read_url(self._url)
            address = resolve(target, timeout=(until - time.monotonic()) * _RESOLVE_SHARE)
            self._connection = _keeper.take(target, address)
        return self._connection.post(self._headers(message), message.body, timeout=until - time.monotonic())

    def _headers(self, message: Message) -> dict[str, str]:
        timestamp = int(time.time())
        signature = sign(self._key, message_id=message.message_id, timestamp=timestamp, body=message.body)
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": _USER_AGENT,
            "Accept": "*/*",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }
        return headers | {"traceparent": message.traceparent} if message.traceparent else headers


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
