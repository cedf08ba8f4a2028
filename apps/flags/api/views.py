"""`/api/v1/flags/` of a shop, and the audiences of either side."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.flags import queries, services
from apps.flags.api.schemas import (
    AudienceOut,
    AudiencesOut,
    ChangeAudienceBody,
    CreateAudienceBody,
    ShopFlagOut,
    ShopFlagsOut,
    ShopTargetingBody,
    audience_out,
    shop_flag_out,
)
from apps.flags.errors import FlagNotDelegated, FlagNotFound, UnknownAudience
from apps.tenants.isolation import current_tenant
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.operations import Criticality


class ShopFlags(Endpoint):
    """All flags."""

    @operation(
        "flags.list",
        permission="flag:read",
        criticality=Criticality.NORMAL,
        answer=ShopFlagsOut,
        summary=_("List flags"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """Every flag with the shop's own targeting and the caller's value."""
        return {"results": [shop_flag_out(view) for view in queries.shop_flags(current_tenant().id)]}


class ShopFlag(Endpoint):
    """One flag."""

    @operation(
        "flags.retrieve",
        permission="flag:read",
        criticality=Criticality.NORMAL,
        answer=ShopFlagOut,
        errors=(FlagNotFound,),
        summary=_("Retrieve a flag"),
    )
    def get(self, call: Call[None, None], key: str) -> dict[str, Any]:  # noqa: ARG002 - as above
        """The flag with the shop's own targeting, its version as ETag."""
        return shop_flag_out(queries.get_shop_flag(key, current_tenant().id))

    @operation(
        "flags.target",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        body=ShopTargetingBody,
        answer=ShopFlagOut,
        errors=(FlagNotFound, FlagNotDelegated, UnknownAudience, VersionConflict),
        summary=_("Target a flag in this shop"),
        example={"enabled": True},
    )
    def put(self, call: Call[ShopTargetingBody, None], key: str) -> dict[str, Any]:
        """Replace the shop's targeting (an empty one has no opinion); everybody sees it within a second."""
        services.target_in_shop(
            key=key,
            targeting=call.body.as_targeting(),
            context=call.context,
            expected_version=call.if_match,
            reason=call.body.reason,
        )
        return shop_flag_out(queries.get_shop_flag(key, current_tenant().id))


class Audiences(Endpoint):
    """Large lists of users or shops."""

    @operation(
        "audiences.list",
        permission="flag:read",
        criticality=Criticality.NORMAL,
        answer=AudiencesOut,
        summary=_("List audiences"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:
        """The audiences of this side: the shop's own, or the platform's."""
        tenant = call.context.tenant
        return {"results": [audience_out(one) for one in queries.audiences(tenant.id if tenant else None)]}

    @operation(
        "audiences.create",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        body=CreateAudienceBody,
        answer=AudienceOut,
        status=201,
        errors=(DuplicateEntry,),
        idempotent=True,
        summary=_("Make an audience"),
        example={"key": "testers", "add": []},
    )
    def post(self, call: Call[CreateAudienceBody, None]) -> dict[str, Any]:
        """A list of users (or of shops) for `on` and `off` of flags."""
        given = call.body
        change = services.AudienceChange(add=given.add, of=given.of, create=True)
        return audience_out(services.change_audience(key=given.key, input=change, context=call.context))


class AudienceDetail(Endpoint):
    """One audience."""

    @operation(
        "audiences.change",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        body=ChangeAudienceBody,
        answer=AudienceOut,
        errors=(NotFound, VersionConflict),
        summary=_("Change an audience"),
    )
    def patch(self, call: Call[ChangeAudienceBody, None], key: str) -> dict[str, Any]:
        """Add and take out ids; safe to repeat."""
        change = services.AudienceChange(**call.body.model_dump(), create=False)
        return audience_out(
            services.change_audience(key=key, input=change, context=call.context, expected_version=call.if_match)
        )

    @operation(
        "audiences.delete",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        errors=(NotFound, VersionConflict),
        summary=_("Delete an audience"),
    )
    def delete(self, call: Call[None, None], key: str) -> None:
        """Flags that name it treat it as empty."""
        change = services.AudienceChange(delete=True)
        services.change_audience(key=key, input=change, context=call.context, expected_version=call.if_match)
