"""The relay's way to an endpoint for a replay: like a live turn, but what lies outside the replay is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from apps.events.patterns import matches
from apps.events.records import StoredEvent
from apps.events.services import unsubscribe
from apps.events.transports import DELIVERED, DestinationBusy, NotOffered, Outcome, Route
from apps.webhooks import replays
from apps.webhooks.models import Replay, WebhookEndpoint
from apps.webhooks.states import EndpointStatus
from apps.webhooks.transport import WebhookTransport

WAIT: Final = 30.0  # seconds until the next look at an endpoint that is not active


class ReplayTransport(WebhookTransport):
    """One turn of a replay."""

    _replay: Replay | None = None

    def __init__(self, route: Route) -> None:
        """Find the replay, and the endpoint through it."""
        self._subscription_id = route.subscription_id
        super().__init__(route)

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome | NotOffered]:
        """Post the replay's events among these; the rest counts as delivered, which it was long ago."""
        replay = self._replay
        if replay is None:
            return super().publish(events, timeout=timeout)
        inside = [_is_inside(event, replay) for event in events]
        wanted = [event for event, is_wanted in zip(events, inside, strict=True) if is_wanted]
        outcomes = iter(super().publish(wanted, timeout=timeout)) if wanted else iter(())
        return [next(outcomes) if is_wanted else DELIVERED for is_wanted in inside]

    def close(self) -> None:
        """End the replay if this was its last turn; a subscription that no replay is left for goes as well."""
        super().close()
        if self._replay is None:
            unsubscribe(subscription_id=self._subscription_id)
        else:
            replays.finish(self._replay)

    def _find(self, target: UUID) -> WebhookEndpoint | None:
        self._replay = Replay.objects.select_related("endpoint").filter(pk=target).first()
        if self._replay is None:
            return None
        if self._replay.endpoint.status != EndpointStatus.ACTIVE:
            raise DestinationBusy(WAIT)
        return self._replay.endpoint


def _is_inside(event: StoredEvent, replay: Replay) -> bool:
    """Whether the event is one of those that were counted."""
    if not (replay.after < event.position <= replay.until and matches(event.wire_type, replay.endpoint.event_types)):
        return False
    at = event.recorded_at
    return (replay.since is None or at >= replay.since) and (replay.before is None or at < replay.before)
