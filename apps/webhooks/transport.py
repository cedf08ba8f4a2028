"""The relay's way to webhook endpoints: sign, post to the checked address, keep the connection, log every attempt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.events.envelope import encode, source_of
from apps.events.records import StoredEvent
from apps.events.transports import DELIVERED, Outcome, Refused, Route
from apps.webhooks import deliveries
from apps.webhooks.addresses import Unreachable, read_url, resolve
from apps.webhooks.connections import Connection, ConnectionFailed, DeadlineExceeded, Keeper, Reply
from apps.webhooks.deliveries import Attempt
from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.sealing import unseal
from apps.webhooks.signing import sign

NAME: Final = "webhook"
_RESOLVE_SHARE: Final = 0.4  # of the timeout
_UNAVAILABLE: Final = frozenset({429, 502, 503, 504})
_GONE: Final = 410
_USER_AGENT: Final = "RusToK-Webhooks/1.0"

_keeper: Final = Keeper()


@dataclass(slots=True)
class Message:
    """One event as it goes over the wire."""

    message_id: str
    body: bytes
    traceparent: str


class WebhookTransport:
    """One turn for one endpoint."""

    chunk = 1
    transactional = False

    def __init__(self, route: Route) -> None:
        """Read the endpoint; one statement."""
        endpoint = WebhookEndpoint.objects.filter(pk=UUID(route.target)).first()
        self._endpoint = endpoint
        self._key = unseal(bytes(endpoint.sealed_secret), row=endpoint.pk) if endpoint else b""
        self._source = source_of(route.tenant_slug)
        self._connection: Connection | None = None
        self._attempts: list[Attempt] = []
        self._is_gone = False

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        """Post each event; the answer's status decides (see `judge`)."""
        return [self._post(event, timeout) for event in events]

    def log(self) -> None:
        """Insert this turn's attempts, one statement; disable an endpoint that answered 410 Gone."""
        if self._endpoint is None:
            return
        deliveries.insert(endpoint_id=self._endpoint.pk, attempts=self._attempts)
        if self._is_gone:
            deliveries.disable(self._endpoint, reason="410 Gone")

    def close(self) -> None:
        """Keep the connection for the next turn."""
        if self._connection is not None:
            _keeper.give_back(self._connection)
            self._connection = None

    def _post(self, event: StoredEvent, timeout: float) -> Outcome:
        if self._endpoint is None:
            return Refused(reason="the endpoint no longer exists", destination=True)
        message = Message(str(event.id), encode(event, source=self._source), event.metadata.get("traceparent", ""))
        started = time.monotonic()
        reply, error, outcome = self._try(self._endpoint.url, message, timeout)
        self._attempts.append(
            Attempt(
                event=event,
                succeeded=outcome is DELIVERED,
                status_code=reply.status if reply else None,
                duration_ms=round((time.monotonic() - started) * 1000),
                error=error,
                excerpt=reply.excerpt if reply else "",
            )
        )
        if reply is not None and reply.status == _GONE:
            self._is_gone = True
        return outcome

    def _try(self, url: str, message: Message, timeout: float) -> tuple[Reply | None, str, Outcome]:
        try:
            reply = self._exchange(url, message, timeout)
        except UnsafeAddress as error:
            return None, error.detail, Refused(reason=error.detail, destination=True)
        except (Unreachable, ConnectionFailed) as error:
            return None, str(error), Refused(reason=str(error), destination=True)
        except DeadlineExceeded as error:
            return None, str(error), Refused(reason=str(error), hung=True)
        outcome = judge(reply)
        return reply, outcome.reason if isinstance(outcome, Refused) else "", outcome

    def _exchange(self, url: str, message: Message, timeout: float) -> Reply:
        until = time.monotonic() + timeout
        connection = self._connected(url, timeout * _RESOLVE_SHARE)
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": _USER_AGENT,
            "Accept": "*/*",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._key, message_id=message.message_id, timestamp=timestamp, body=message.body),
        }
        if message.traceparent:
            headers["traceparent"] = message.traceparent
        return connection.post(headers, message.body, timeout=until - time.monotonic())

    def _connected(self, url: str, timeout: float) -> Connection:
        """Resolve and check once per turn: the turn stays with the address it checked."""
        if self._connection is None:
            target = read_url(url)
            self._connection = _keeper.take(target, resolve(target, timeout=timeout))
        return self._connection


def judge(reply: Reply) -> Outcome:
    """What a status means: 2xx taken; 410 and redirects and overload concern the destination; the rest this event."""
    if 200 <= reply.status < 300:
        return DELIVERED
    reason = f"HTTP {reply.status}"
    if reply.status in _UNAVAILABLE:
        return Refused(reason=reason, destination=True, retry_after=_seconds(reply.retry_after))
    if 300 <= reply.status < 400:
        return Refused(reason=f"{reason}: redirects are not followed", destination=True)
    return Refused(reason=reason, destination=reply.status == _GONE)


def _seconds(retry_after: str | None) -> float | None:
    """`Retry-After` in its numeric form (RFC 9110 section 10.2.3); a date is taken as no wish."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
