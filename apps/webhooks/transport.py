"""The relay's way to webhook endpoints: one signed post per event, every attempt in the delivery log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from apps.events.envelope import encode, source_of
from apps.events.records import StoredEvent
from apps.events.transports import Outcome, Refused, Route
from apps.webhooks import deliveries
from apps.webhooks.deliveries import Attempt
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.sending import GONE, Message, Sender

NAME: Final = "webhook"


class WebhookTransport:
    """One turn for one endpoint."""

    batch = 100
    chunk = 1
    transactional = False

    def __init__(self, route: Route) -> None:
        """Read the endpoint; one statement."""
        self._endpoint = WebhookEndpoint.objects.filter(pk=UUID(route.target)).first()
        self._sender = Sender(self._endpoint) if self._endpoint else None
        self._source = source_of(route.tenant_slug)
        self._attempts: list[Attempt] = []

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:
        """Post each event; the answer's status decides (`sending.judge`)."""
        return [self._post(event, timeout) for event in events]

    def log(self) -> None:
        """Insert this turn's attempts, one statement; disable an endpoint that answered 410 Gone."""
        if self._endpoint is None:
            return
        deliveries.insert(endpoint_id=self._endpoint.pk, attempts=self._attempts)
        if any(attempt.status_code == GONE for attempt in self._attempts):
            deliveries.disable(self._endpoint, reason="410 Gone")

    def close(self) -> None:
        """Keep the connection for the next turn."""
        if self._sender is not None:
            self._sender.close()

    def _post(self, event: StoredEvent, timeout: float) -> Outcome:
        if self._sender is None:
            return Refused(reason="the endpoint no longer exists", destination=True)
        body = encode(event, source=self._source)
        message = Message(str(event.id), body, event.metadata.get("traceparent", ""))
        sent = self._sender.send(message, timeout=timeout)
        self._attempts.append(
            Attempt(
                event=event,
                succeeded=sent.succeeded,
                status_code=sent.reply.status if sent.reply else None,
                duration_ms=sent.duration_ms,
                error=sent.error,
                excerpt=sent.reply.excerpt if sent.reply else "",
            )
        )
        return sent.outcome
