"""`/api/v1/webhooks/`: endpoints and the attempts to reach them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.webhooks import probe, queries, services
from apps.webhooks.api.schemas import (
    CreateEndpointBody,
    DeliveryDetailOut,
    DeliveryFilter,
    DeliveryOut,
    EndpointOut,
    NewEndpointOut,
    ReplayBody,
    ReplayOut,
    ReplayRecordOut,
    RotateBody,
    RotatedOut,
    TestOut,
    UpdateEndpointBody,
    delivery_out,
    endpoint_out,
    replay_out,
)
from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.replays import Selection
from rustok.api import Answer, Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.errors.families import IllegalTransition, NotFound, VersionConflict
from rustok.operations import Criticality


class EndpointCollection(Endpoint):
    """All endpoints."""

    @operation(
        "webhooks.list",
        permission="webhook:read",
        criticality=Criticality.LOW,
        query=PageQuery,
        answer=Page[EndpointOut],
        summary=_("List webhook endpoints"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Newest first, each with the number of events that it still has to get."""
        lags = queries.lags()
        return paginate(queries.endpoints(), call, to_dict=lambda row: endpoint_out(row, lags.get(str(row.pk), 0)))

    @operation(
        "webhooks.create",
        permission="webhook:create",
        criticality=Criticality.NORMAL,
        body=CreateEndpointBody,
        answer=NewEndpointOut,
        status=201,
        errors=(UnsafeAddress,),
        summary=_("Create a webhook endpoint"),
        example={"url": "https://example.com/hooks", "event_types": ["orders.*"]},
    )
    def post(self, call: Call[CreateEndpointBody, Query]) -> Answer:
        """The secret is in this answer and nowhere else (so no `Idempotency-Key`: stored answers would keep it)."""
        body = call.body
        created = services.create_endpoint(
            url=body.url,
            secret=body.secret,
            event_types=body.event_types,
            description=body.description,
            order_key=body.order_key,
            timeout_seconds=body.timeout_seconds,
            after=body.after,
            context=call.context,
        )
        lag = queries.lag(created.endpoint.pk)
        location = f"{call.request.path}{created.endpoint.pk}/"
        return Answer(endpoint_out(created.endpoint, lag) | {"secret": created.secret}, headers={"Location": location})


class EndpointItem(Endpoint):
    """One endpoint."""

    @operation(
        "webhooks.retrieve",
        permission="webhook:read",
        criticality=Criticality.LOW,
        answer=EndpointOut,
        errors=(NotFound,),
        summary=_("Retrieve a webhook endpoint"),
    )
    def get(self, _call: Call[None, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Everything but the secret."""
        return _out(queries.get_endpoint(endpoint_id))

    @operation(
        "webhooks.update",
        permission="webhook:update",
        criticality=Criticality.NORMAL,
        body=UpdateEndpointBody,
        answer=EndpointOut,
        errors=(NotFound, VersionConflict, UnsafeAddress),
        summary=_("Change a webhook endpoint"),
    )
    def patch(self, call: Call[UpdateEndpointBody, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Takes effect with the next batch."""
        changes = call.body.model_dump(exclude_unset=True, exclude_none=True)
        return _out(
            services.update_endpoint(
                endpoint_id=endpoint_id, context=call.context, expected_version=call.if_match, **changes
            )
        )

    @operation(
        "webhooks.delete",
        permission="webhook:delete",
        criticality=Criticality.NORMAL,
        status=204,
        errors=(NotFound,),
        summary=_("Delete a webhook endpoint"),
    )
    def delete(self, call: Call[None, Query], *, endpoint_id: UUID) -> None:
        """With its deliveries; the events stay."""
        services.delete_endpoint(endpoint_id=endpoint_id, context=call.context)


class EndpointPause(Endpoint):
    """Stop sending."""

    @operation(
        "webhooks.pause",
        permission="webhook:update",
        criticality=Criticality.NORMAL,
        answer=EndpointOut,
        errors=(NotFound, VersionConflict, IllegalTransition),
        summary=_("Pause a webhook endpoint"),
    )
    def post(self, call: Call[None, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Events wait until the endpoint is activated again."""
        return _out(
            services.pause_endpoint(endpoint_id=endpoint_id, context=call.context, expected_version=call.if_match)
        )


class EndpointActivation(Endpoint):
    """Send again."""

    @operation(
        "webhooks.activate",
        permission="webhook:update",
        criticality=Criticality.NORMAL,
        answer=EndpointOut,
        errors=(NotFound, VersionConflict, IllegalTransition),
        summary=_("Activate a webhook endpoint"),
    )
    def post(self, call: Call[None, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Begins with what waited."""
        return _out(
            services.activate_endpoint(endpoint_id=endpoint_id, context=call.context, expected_version=call.if_match)
        )


class EndpointRotation(Endpoint):
    """A new secret."""

    @operation(
        "webhooks.rotate",
        permission="webhook:update",
        criticality=Criticality.NORMAL,
        body=RotateBody,
        answer=RotatedOut,
        errors=(NotFound, VersionConflict),
        summary=_("Rotate the secret of a webhook endpoint"),
        example={"overlap_hours": 24},
    )
    def post(self, call: Call[RotateBody, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Until the overlap ends, `webhook-signature` holds two signatures: receivers accept either."""
        rotated = services.rotate_secret(
            endpoint_id=endpoint_id,
            secret=call.body.secret,
            overlap=timedelta(hours=call.body.overlap_hours),
            context=call.context,
            expected_version=call.if_match,
        )
        return {"secret": rotated.secret, "previous_secret_until": rotated.until}


class EndpointReplay(Endpoint):
    """Send the past again."""

    @operation(
        "webhooks.replay",
        permission="webhook:replay",
        criticality=Criticality.LOW,
        body=ReplayBody,
        answer=ReplayOut,
        status=202,
        errors=(NotFound,),
        summary=_("Replay events to a webhook endpoint"),
        example={"after": 0, "dry_run": True},
    )
    def post(self, call: Call[ReplayBody, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """Receivers know repeated events by `webhook-id`."""
        body, replay = call.body, None
        selection = Selection(body.after, body.until, body.since, body.before, tuple(body.event_types))
        extent = services.preview_replay(endpoint_id=endpoint_id, selection=selection, context=call.context)
        positions = extent.last - extent.first + 1 if extent.events else 0
        if not body.dry_run and selection.is_tail:
            positions = services.replay_endpoint(endpoint_id=endpoint_id, after=body.after, context=call.context)
        elif not body.dry_run:
            replay = services.start_replay(endpoint_id=endpoint_id, selection=selection, context=call.context)
        return {
            "positions": positions,
            "events": extent.events,
            "dry_run": body.dry_run,
            "replay": replay.pk if replay else None,
        }


class ReplayCollection(Endpoint):
    """The replays of an endpoint."""

    @operation(
        "webhooks.replays",
        permission="webhook:read",
        criticality=Criticality.LOW,
        query=PageQuery,
        answer=Page[ReplayRecordOut],
        errors=(NotFound,),
        summary=_("List replays of a webhook endpoint"),
    )
    def get(self, call: Call[None, PageQuery], *, endpoint_id: UUID) -> dict[str, Any]:
        """Newest first; those that only went back are not among them."""
        return paginate(queries.replays(endpoint_id), call, to_dict=replay_out)


class ReplayItem(Endpoint):
    """One replay."""

    @operation(
        "webhooks.cancel_replay",
        permission="webhook:replay",
        criticality=Criticality.NORMAL,
        status=204,
        errors=(NotFound,),
        summary=_("Cancel a replay"),
    )
    def delete(self, call: Call[None, Query], *, endpoint_id: UUID, replay_id: UUID) -> None:
        """What was sent was sent."""
        services.cancel_replay(endpoint_id=endpoint_id, replay_id=replay_id, context=call.context)


class EndpointTest(Endpoint):
    """Send a test message."""

    @operation(
        "webhooks.test",
        permission="webhook:update",
        criticality=Criticality.LOW,
        answer=TestOut,
        errors=(NotFound,),
        summary=_("Send a test message to a webhook endpoint"),
    )
    def post(self, call: Call[None, Query], *, endpoint_id: UUID) -> dict[str, Any]:
        """A signed `webhooks.test.v1`, sent at once; it is no event of the log."""
        result = probe.send_test(endpoint_id=endpoint_id, context=call.context)
        return {
            "succeeded": result.succeeded,
            "status_code": result.status_code,
            "duration_ms": result.duration_ms,
            "error": result.error,
            "response_excerpt": result.excerpt,
        }


class DeliveryCollection(Endpoint):
    """The attempts."""

    @operation(
        "deliveries.list",
        permission="delivery:read",
        criticality=Criticality.LOW,
        query=DeliveryFilter,
        answer=Page[DeliveryOut],
        summary=_("List webhook deliveries"),
    )
    def get(self, call: Call[None, DeliveryFilter]) -> dict[str, Any]:
        """Newest first."""
        given = call.query
        found = queries.deliveries(
            endpoint_id=given.endpoint, event_id=given.event, stream=given.stream, succeeded=given.succeeded
        )
        return paginate(found, call, to_dict=delivery_out)


class DeliveryItem(Endpoint):
    """One attempt."""

    @operation(
        "deliveries.retrieve",
        permission="delivery:read",
        criticality=Criticality.LOW,
        answer=DeliveryDetailOut,
        errors=(NotFound,),
        summary=_("Retrieve a webhook delivery"),
    )
    def get(self, call: Call[None, Query], *, delivery_id: UUID) -> dict[str, Any]:
        """With the beginning of what was sent, for who may `event:read`, and of what was answered."""
        delivery = queries.get_delivery(delivery_id)
        excerpt = queries.request_excerpt(delivery, context=call.context)
        return delivery_out(delivery) | {"request_excerpt": excerpt}


def _out(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return endpoint_out(endpoint, queries.lag(endpoint.pk))
