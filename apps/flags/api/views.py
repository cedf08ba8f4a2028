"""`/api/v1/flags/` of a shop, and the audiences of either side."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.flags import queries, services
from apps.flags.api.schemas import (
    AudienceOut,
    AudiencesOut,
    ChangeAudienceBody,
    ShopFlagOut,
    ShopFlagsOut,
    ShopTargetingBody,
    audience_out,
    shop_flag_out,
)
from apps.flags.errors import FlagNotDelegated, FlagNotFound, UnknownAudience
from apps.tenants.isolation import current_tenant
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import NotFound, VersionConflict
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
        """Replace the shop's targeting; everybody sees it within a second."""
        services.target_in_shop(
            key=key,
            targeting=call.body.as_targeting(),
            context=call.context,
            expected_version=call.if_match,
            reason=call.body.reason,
        )
        return shop_flag_out(queries.get_shop_flag(key, current_tenant().id))

    @operation(
        "flags.untarget",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        errors=(FlagNotFound, FlagNotDelegated, VersionConflict),
        summary=_("Take the shop's targeting back"),
    )
    def delete(self, call: Call[None, None], key: str) -> None:
        """Let the operators' targeting hold again."""
        services.target_in_shop(key=key, targeting=None, context=call.context, expected_version=call.if_match)


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


class AudienceDetail(Endpoint):
    """One audience."""

    @operation(
        "audiences.change",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        body=ChangeAudienceBody,
        answer=AudienceOut,
        errors=(VersionConflict,),
        summary=_("Change an audience"),
    )
    def patch(self, call: Call[ChangeAudienceBody, None], key: str) -> dict[str, Any]:
        """Add and take out ids; makes the audience when it is new. Safe to repeat."""
        change = services.AudienceChange(**call.body.model_dump())
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
