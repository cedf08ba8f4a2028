"""Creating and changing endpoints. Each use case is one transaction with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.events import services as events
from apps.events.queries import head
from apps.webhooks.addresses import read_url
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.names import TRANSPORT
from apps.webhooks.sealing import seal
from apps.webhooks.signing import new_secret, secret_bytes
from apps.webhooks.states import EndpointStatus
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.db.transactions import UnitOfWork, transactional, unit_of_work
from rustok.errors.families import NotFound, VersionConflict
from rustok.policy import require

PARTITIONS: Final = 4


@dataclass(frozen=True, slots=True)
class CreatedEndpoint:
    """A new endpoint and its secret, which is readable here and nowhere else."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(
    *,
    url: str,
    secret: str | None = None,
    event_types: Sequence[str] = (),
    description: str = "",
    after: int | None = None,
    context: ExecutionContext,
) -> CreatedEndpoint:
    """Send the tenant's events (of these types; none means all) to `url` from now on, or from after a position.

    `secret` None makes a new one. Needs `webhook:create`. Raises UnsafeAddress, UnusableSecret, UnreadableFilter.
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
            partitions=PARTITIONS,
            after=after,
        )
        endpoint = WebhookEndpoint.objects.create(
            id=endpoint_id,
            url=url,
            description=description,
            event_types=list(event_types),
            sealed_secret=seal(key, row=endpoint_id),
            subscription_id=subscription.pk,
        )
        _audit(uow, "create", endpoint)
    return CreatedEndpoint(endpoint, plain)


def update_endpoint(
    *,
    endpoint_id: UUID,
    url: str | None = None,
    event_types: Sequence[str] | None = None,
    description: str | None = None,
    context: ExecutionContext,
    expected_version: int | None = None,
) -> WebhookEndpoint:
    """Change what is given. Needs `webhook:update`.

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
        endpoint.touch("url", "event_types", "description")
        _audit(uow, "update", endpoint)
    return endpoint


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
    """Send again, beginning with what waited. Needs `webhook:update`.

    Raises NotFound, VersionConflict, IllegalTransition.
    """
    require(context, "webhook:update")
    endpoint = _moved(endpoint_id, EndpointStatus.ACTIVE, "", expected_version)
    events.resume_subscription(subscription_id=endpoint.subscription_id)
    return endpoint


def delete_endpoint(*, endpoint_id: UUID, context: ExecutionContext) -> None:
    """Forget the endpoint with its deliveries and its place in the log. Needs `webhook:delete`. Raises NotFound."""
    require(context, "webhook:delete")
    with unit_of_work() as uow:
        endpoint = _locked(endpoint_id, None)
        events.unsubscribe(subscription_id=endpoint.subscription_id)
        _audit(uow, "delete", endpoint)
        endpoint.delete()


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
