"""`/api/v1/webhooks/`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.events.errors import UnreadableFilter
from apps.webhooks import queries, services
from apps.webhooks.api.schemas import (
    CreatedEndpointOut,
    CreateEndpointBody,
    DeliveryFilter,
    DeliveryOut,
    EndpointOut,
    ReplayBody,
    ReplayOut,
    UpdateEndpointBody,
    created_out,
    delivery_out,
    endpoint_out,
)
from apps.webhooks.errors import UnsafeAddress, UnusableSecret
from rustok.api import Call, Endpoint, Page, PageQuery, operation, paginate
from rustok.errors.families import IllegalTransition, NotFound, VersionConflict
from rustok.operations import Criticality


class EndpointCollection(Endpoint):
    """All receivers."""

    @operation(
        "webhooks.endpoints.list",
        permission="webhook:read",
        criticality=Criticality.NORMAL,
        query=PageQuery,
        answer=Page[EndpointOut],
        summary=_("List webhook endpoints"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Newest first."""
        return paginate(queries.endpoints(), call, to_dict=endpoint_out, ordering=("-id",))

    @operation(
        "webhooks.endpoints.create",
        permission="webhook:create",
        criticality=Criticality.NORMAL,
        body=CreateEndpointBody,
        answer=CreatedEndpointOut,
        status=201,
        errors=(UnsafeAddress, UnusableSecret, UnreadableFilter),
        idempotent=True,
        summary=_("Create a webhook endpoint"),
        example={"url": "https://example.com/hooks", "event_types": ["orders.*"], "description": "ERP"},
    )
    def post(self, call: Call[CreateEndpointBody, None]) -> dict[str, Any]:
        """Events from now on are sent there, signed with the secret that this answer shows once."""
        created = services.create_endpoint(
            url=call.body.url,
            secret=call.body.secret,
            event_types=call.body.event_types,
            description=call.body.description,
            context=call.context,
        )
        return created_out(created)


class EndpointDetail(Endpoint):
    """One receiver."""

    @operation(
        "webhooks.endpoints.retrieve",
        permission="webhook:read",
        criticality=Criticality.NORMAL,
        answer=EndpointOut,
        errors=(NotFound,),
        summary=_("Retrieve a webhook endpoint"),
    )
    def get(self, call: Call[None, None], endpoint_id: UUID) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """The endpoint, its version as ETag."""
        return endpoint_out(queries.get_endpoint(endpoint_id))

    @operation(
        "webhooks.endpoints.update",
        permission="webhook:update",
        criticality=Criticality.NORMAL,
        body=UpdateEndpointBody,
        answer=EndpointOut,
        errors=(NotFound, VersionConflict, UnsafeAddress, UnreadableFilter, IllegalTransition),
        summary=_("Update, pause or resume a webhook endpoint"),
    )
    def patch(self, call: Call[UpdateEndpointBody, None], endpoint_id: UUID) -> dict[str, Any]:
        """Change the given members; with `If-Match` only the version that the caller has seen."""
        changed = services.change_endpoint(
            endpoint_id=endpoint_id,
            url=call.body.url,
            event_types=call.body.event_types,
            description=call.body.description,
            status=call.body.status,
            context=call.context,
            expected_version=call.if_match,
        )
        return endpoint_out(changed)

    @operation(
        "webhooks.endpoints.delete",
        permission="webhook:delete",
        criticality=Criticality.NORMAL,
        errors=(NotFound,),
        summary=_("Delete a webhook endpoint"),
    )
    def delete(self, call: Call[None, None], endpoint_id: UUID) -> None:
        """Forget the endpoint with its deliveries."""
        services.delete_endpoint(endpoint_id=endpoint_id, context=call.context)


class EndpointReplay(Endpoint):
    """Sending again."""

    @operation(
        "webhooks.endpoints.replay",
        permission="webhook:replay",
        criticality=Criticality.LOW,
        body=ReplayBody,
        answer=ReplayOut,
        errors=(NotFound,),
        summary=_("Send events again"),
        example={"after": 0},
    )
    def post(self, call: Call[ReplayBody, None], endpoint_id: UUID) -> dict[str, Any]:
        """Everything behind a position, in order; receivers know repeated events by their id."""
        positions = services.replay_endpoint(endpoint_id=endpoint_id, after=call.body.after, context=call.context)
        return {"positions": positions}


class DeliveryCollection(Endpoint):
    """The log of attempts."""

    @operation(
        "webhooks.deliveries.list",
        permission="webhook:read",
        criticality=Criticality.LOW,
        query=DeliveryFilter,
        answer=Page[DeliveryOut],
        summary=_("List delivery attempts"),
    )
    def get(self, call: Call[None, DeliveryFilter]) -> dict[str, Any]:
        """Newest first."""
        given = call.query
        found = queries.deliveries(endpoint_id=given.endpoint, event_id=given.event, succeeded=given.succeeded)
        return paginate(found, call, to_dict=delivery_out, ordering=("-id",))
