"""Creating and changing endpoints. Each use case is one transaction with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from apps.events import services as events
from apps.events.queries import head
from apps.webhooks import deliveries, replays
from apps.webhooks.addresses import read_url
from apps.webhooks.models import Replay, WebhookEndpoint
from apps.webhooks.names import TRANSPORT
from apps.webhooks.queries import get_endpoint
from apps.webhooks.recovery import begin_again
from apps.webhooks.replays import Extent, Selection
from apps.webhooks.sealing import seal
from apps.webhooks.secrets import MAX_OVERLAP, OVERLAP, replace_secret
from apps.webhooks.signing import new_secret, secret_bytes
from apps.webhooks.states import EndpointStatus, OrderKey
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.db.transactions import UnitOfWork, transactional, unit_of_work
from rustok.errors.families import NotFound, VersionConflict
from rustok.policy import require
from rustok.telemetry import traced

PARTITIONS: Final = 4  # parts of the log that reach an endpoint independently; one when everything keeps its order


@dataclass(frozen=True, slots=True)
class CreatedEndpoint:
    """A new endpoint and its secret, which is readable here and nowhere else."""

    endpoint: WebhookEndpoint
    secret: str


@traced("webhooks.create_endpoint")
def create_endpoint(
    *,
    url: str,
    secret: str | None = None,
    event_types: Sequence[str] = (),
    description: str = "",
    order_key: str = OrderKey.STREAM,
    timeout_seconds: int = 0,
    after: int | None = None,
    context: ExecutionContext,
) -> CreatedEndpoint:
    """Send the tenant's events (of these types; none means all) to `url` from now on, or from after a position.

    `secret` None makes a new one. `order_key` (OrderKey) is for good: it decides into how many parts the log is read.
    `timeout_seconds` 0 is the platform's limit, and none is longer than that. Needs `webhook:create`.
    Raises UnsafeAddress, UnusableSecret, UnreadableFilter.
    """
    require(context, "webhook:create")
    read_url(url)
    plain = secret or new_secret()
    key = secret_bytes(plain)
    endpoint_id = new_id()
    with unit_of_work() as uow:
        subscription = events.subscribe(
            name=f"{TRANSPORT}:{endpoint_id}",
            transport=TRANSPORT,
            target=str(endpoint_id),
            event_types=event_types,
            partitions=1 if order_key == OrderKey.TENANT else PARTITIONS,
            after=after,
        )
        endpoint = WebhookEndpoint.objects.create(
            id=endpoint_id,
            url=url,
            description=description,
            event_types=list(event_types),
            order_key=OrderKey(order_key),
            timeout_seconds=timeout_seconds or None,
            sealed_secret=seal(key, row=endpoint_id),
            subscription_id=subscription.pk,
        )
        _audit(uow, "create", endpoint)
    return CreatedEndpoint(endpoint, plain)


@dataclass(frozen=True, slots=True)
class RotatedSecret:
    """The new secret, readable here and nowhere else; the old one signs beside it `until` then."""

    endpoint: WebhookEndpoint
    secret: str
    until: datetime


def update_endpoint(
    *,
    endpoint_id: UUID,
    url: str | None = None,
    event_types: Sequence[str] | None = None,
    description: str | None = None,
    timeout_seconds: int | None = None,
    context: ExecutionContext,
    expected_version: int | None = None,
) -> WebhookEndpoint:
    """Change what is given; `timeout_seconds` 0 is the platform's limit. Needs `webhook:update`.

    Raises NotFound, VersionConflict, UnsafeAddress, UnreadableFilter.
    """
    require(context, "webhook:update")
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, expected_version)
        if url is not None:
            read_url(url)
            endpoint.url = url
        if event_types is not None:
            endpoint.event_types = list(event_types)
            events.change_filter(subscription_id=endpoint.subscription_id, event_types=event_types)
        if description is not None:
            endpoint.description = description
        if timeout_seconds is not None:
            endpoint.timeout_seconds = timeout_seconds or None
        endpoint.touch("url", "event_types", "description", "timeout_seconds")
        _audit(uow, "update", endpoint)
    return endpoint


def rotate_secret(
    *,
    endpoint_id: UUID,
    secret: str | None = None,
    overlap: timedelta = OVERLAP,
    context: ExecutionContext,
    expected_version: int | None = None,
) -> RotatedSecret:
    """Give the endpoint a new secret (None makes one); until the overlap ends, both sign every message.

    An overlap longer than MAX_OVERLAP is cut to it, none at all retires the old secret at once. Needs `webhook:update`.
    Raises NotFound, VersionConflict, UnusableSecret.
    """
    require(context, "webhook:update")
    plain = secret or new_secret()
    key = secret_bytes(plain)
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, expected_version)
        until = replace_secret(endpoint, key, overlap=max(timedelta(0), min(overlap, MAX_OVERLAP)))
        endpoint.touch("sealed_secret", "previous_sealed_secret", "previous_secret_until")
        _audit(uow, "rotate", endpoint, until=until.isoformat())
    return RotatedSecret(endpoint, plain, until)


@transactional
def pause_endpoint(
    *, endpoint_id: UUID, reason: str = "", context: ExecutionContext, expected_version: int | None = None
) -> WebhookEndpoint:
    """Stop sending; events wait. Needs `webhook:update`. Raises NotFound, VersionConflict, IllegalTransition."""
    require(context, "webhook:update")
    endpoint = _moved(endpoint_id, EndpointStatus.PAUSED, reason, expected_version)
    events.pause_subscription(subscription_id=endpoint.subscription_id)
    return endpoint


@transactional
def activate_endpoint(
    *, endpoint_id: UUID, context: ExecutionContext, expected_version: int | None = None
) -> WebhookEndpoint:
    """Send again, beginning with what waited, slowly at first. Needs `webhook:update`.

    Raises NotFound, VersionConflict, IllegalTransition.
    """
    require(context, "webhook:update")
    endpoint = _moved(endpoint_id, EndpointStatus.ACTIVE, "", expected_version)
    begin_again(endpoint)
    events.resume_subscription(subscription_id=endpoint.subscription_id)
    return endpoint


def delete_endpoint(*, endpoint_id: UUID, context: ExecutionContext) -> None:
    """Forget the endpoint with its deliveries and its place in the log. Needs `webhook:delete`. Raises NotFound.

    The deliveries go first and in portions, each for good: who was interrupted deletes again, and comes further.
    """
    require(context, "webhook:delete")
    deliveries.forget(endpoint_id=get_endpoint(endpoint_id).pk)
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, None)
        replays.drop_all(endpoint)
        events.unsubscribe(subscription_id=endpoint.subscription_id)
        _audit(uow, "delete", endpoint)
        endpoint.delete()


@traced("webhooks.replay_endpoint")
def replay_endpoint(*, endpoint_id: UUID, after: int, context: ExecutionContext) -> int:
    """Send everything after position `after` again, in order; returns the number of positions until the log's end.

    Receivers know repeated events by their id. Needs `webhook:replay`. Raises NotFound.
    """
    require(context, "webhook:replay")
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, None)
        events.replay(subscription_id=endpoint.subscription_id, after=after)
        _audit(uow, "replay", endpoint, after=after)
    return max(0, head() - after)


def preview_replay(*, endpoint_id: UUID, selection: Selection, context: ExecutionContext) -> Extent:
    """How much a replay would send; nothing is sent. Needs `webhook:replay`. Raises NotFound, UnreadableFilter."""
    require(context, "webhook:replay")
    return replays.measure(get_endpoint(endpoint_id), selection)


@traced("webhooks.start_replay")
def start_replay(*, endpoint_id: UUID, selection: Selection, context: ExecutionContext) -> Replay | None:
    """Send a part of the past again, beside what is new; None when nothing matches.

    Inside the replay the endpoint's order holds; between it and what is new there is none, so receivers go by
    `webhook-id` and `position`. Needs `webhook:replay`. Raises NotFound, UnreadableFilter.
    """
    require(context, "webhook:replay")
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, None)
        extent = replays.measure(endpoint, selection)
        if not extent.events:
            return None
        replay = replays.begin(endpoint, selection, extent)
        _audit(uow, "replay", endpoint, after=replay.after, until=replay.until, events=replay.events)
    return replay


def cancel_replay(*, endpoint_id: UUID, replay_id: UUID, context: ExecutionContext) -> None:
    """Stop a replay; what was sent was sent. Needs `webhook:replay`. Raises NotFound."""
    require(context, "webhook:replay")
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, None)
        replay = endpoint.replays.filter(pk=replay_id).first()
        if replay is None:
            raise NotFound(resource="replay")
        replays.drop(replay)
        _audit(uow, "replay", endpoint, cancelled=str(replay_id))


def _moved(endpoint_id: UUID, status: str, reason: str, expected_version: int | None) -> WebhookEndpoint:
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, expected_version)
        endpoint.move_to(status, reason=reason)
        _audit(uow, "update", endpoint, status=status)
    return endpoint


def _locked(endpoint_id: UUID, expected_version: int | None) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound(resource="webhook endpoint")
    if expected_version is not None and endpoint.version != expected_version:
        raise VersionConflict(resource="webhook endpoint", current=endpoint.version)
    return endpoint


def _audit(uow: UnitOfWork, verb: str, endpoint: WebhookEndpoint, **details: object) -> None:
    facts = {"url": endpoint.url, "event_types": endpoint.event_types, **details}
    uow.audit(AuditEntry(action=f"webhook:{verb}", target=str(endpoint.pk), details=facts))
