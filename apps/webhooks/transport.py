"""The relay's way to webhook endpoints: one signed post per event, every attempt in the delivery log."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final
from uuid import UUID

from apps.events.envelope import encode, source_of
from apps.events.records import StoredEvent
from apps.events.transports import NOT_OFFERED, NotOffered, Outcome, Refused, Route
from apps.webhooks import catchup, deliveries, gate, recovery
from apps.webhooks.deliveries import Attempt
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.sending import GONE, Message, Sender, Sent
from apps.webhooks.states import EndpointStatus, OrderKey
from rustok.telemetry.propagation import received

BATCH: Final = 400  # of one turn where the receiver is fast; at others the second of posting is over before


class WebhookTransport:
    """One turn for one endpoint."""

    transactional = False
    tells = True  # every post is a span of its own (`apps.webhooks.tracing`)

    def __init__(self, route: Route) -> None:
        """Read the endpoint, one statement; raises DestinationBusy when it may not be served right now."""
        self.batch = self.chunk = BATCH
        self._source = source_of(route.tenant_slug)
        self._attempts: list[Attempt] = []
        self._width = 1
        self._sender: Sender | None = None
        self._pass: gate.Pass | None = None
        self._endpoint = self._find(UUID(route.target))
        if self._endpoint is not None:
            self._enter(self._endpoint)

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome | NotOffered]:
        """Post the events, different keys side by side; the answer's status decides (`sending.judge`)."""
        if self._sender is None or self._endpoint is None:
            return [Refused(reason="the endpoint no longer exists", destination=True)] * len(events)
        messages = [self._message(event) for event in events]
        keys = _keys(self._endpoint, events)
        sent = self._sender.send_all(messages, keys=keys, timeout=timeout, width=self._width)
        if self._pass is not None:
            self._pass.asked(overloaded=any(one is not None and one.overloaded for one in sent))
        self._attempts += [Attempt.of(event, one) for event, one in zip(events, sent, strict=True) if one is not None]
        outcomes = judged(sent, [event.stream for event in events])
        is_strict = self._endpoint.order_key == OrderKey.TENANT
        return [_blocking(outcome) for outcome in outcomes] if is_strict else outcomes

    def log(self) -> None:
        """Insert this turn's attempts, one statement, and draw the conclusions for the endpoint."""
        if self._endpoint is None:
            return
        if not self._attempts:
            catchup.hand_back(self._endpoint)
            return
        deliveries.insert(endpoint_id=self._endpoint.pk, attempts=self._attempts)
        if any(attempt.status_code == GONE for attempt in self._attempts):
            recovery.disable(self._endpoint, reason="410 Gone")
        else:
            recovery.learn(self._endpoint, [attempt.succeeded for attempt in self._attempts])
        self._attempts = []

    def close(self) -> None:
        """Keep the connections for the next turn, and let another turn in."""
        if self._sender is not None:
            self._sender.close()
        if self._pass is not None:
            self._pass.leave()

    def _find(self, target: UUID) -> WebhookEndpoint | None:
        return WebhookEndpoint.objects.filter(pk=target).first()

    def _enter(self, endpoint: WebhookEndpoint) -> None:
        if endpoint.status == EndpointStatus.FAILING:
            recovery.hold_back(endpoint)
        self._pass = gate.enter(endpoint.pk)
        try:
            self.batch = self.chunk = catchup.claim(endpoint, BATCH)
            self._width = 1 if endpoint.order_key == OrderKey.TENANT else self._pass.width
            self._sender = Sender(endpoint, heard=self._pass.heard)
        except BaseException:
            self._pass.leave()
            raise

    def _message(self, event: StoredEvent) -> Message:
        metadata = event.metadata
        return Message(str(event.id), encode(event, source=self._source, metadata=metadata), received(metadata))


def judged(sent: Sequence[Sent | None], streams: Sequence[str]) -> list[Outcome | NotOffered]:
    """What the relay is told. The first refusal that concerns the destination speaks for what was not begun.

    A post that hung while others were answered says nothing against the destination: only its key is set aside.
    """
    answered = any(one is not None and one.reply is not None for one in sent)
    sick = next(
        (one.outcome for one in sent if one and isinstance(one.outcome, Refused) and one.outcome.destination), None
    )
    refused: dict[str, Refused] = {}
    outcomes: list[Outcome | NotOffered] = []
    for one, stream in zip(sent, streams, strict=True):
        outcome = sick or refused.get(stream) or NOT_OFFERED if one is None else one.outcome
        if isinstance(outcome, Refused):
            if outcome.hung and answered:
                outcome = Refused(reason=outcome.reason)
            refused.setdefault(stream, outcome)
        outcomes.append(outcome)
    return outcomes


def _keys(endpoint: WebhookEndpoint, events: Sequence[StoredEvent]) -> Sequence[Hashable]:
    """What keeps its order: posts of one key wait for each other."""
    if endpoint.order_key == OrderKey.TENANT:
        return [None] * len(events)
    return range(len(events)) if endpoint.order_key == OrderKey.NONE else [event.stream for event in events]


def _blocking(outcome: Outcome | NotOffered) -> Outcome | NotOffered:
    """In strict order an event that is refused stops the endpoint: nothing may overtake it."""
    if isinstance(outcome, Refused) and not outcome.permanent:
        return Refused(reason=outcome.reason, destination=True, retry_after=outcome.retry_after)
    return outcome
