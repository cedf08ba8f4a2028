"""`/api/v1/flags/` of the operators, on the platform host."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.flags import queries, services
from apps.flags.api.schemas import ChangeFlagBody, FlagOut, FlagsOut, flag_out
from apps.flags.errors import FlagNotFound, UnknownAudience
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import VersionConflict
from rustok.operations import Criticality


class Flags(Endpoint):
    """All flags."""

    @operation(
        "platform_flags.list",
        permission="flag:read",
        criticality=Criticality.NORMAL,
        answer=FlagsOut,
        summary=_("List flags"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """Declared and stored ones, with owner, date and the operators' targeting."""
        return {"results": [flag_out(view) for view in queries.flags()]}


class FlagDetail(Endpoint):
    """One flag."""

    @operation(
        "platform_flags.retrieve",
        permission="flag:read",
        criticality=Criticality.NORMAL,
        answer=FlagOut,
        errors=(FlagNotFound,),
        summary=_("Retrieve a flag"),
    )
    def get(self, call: Call[None, None], key: str) -> dict[str, Any]:  # noqa: ARG002 - as above
        """The flag, its version as ETag."""
        return flag_out(queries.get_flag(key))

    @operation(
        "platform_flags.change",
        permission="flag:update",
        criticality=Criticality.HIGH,
        body=ChangeFlagBody,
        answer=FlagOut,
        errors=(UnknownAudience, VersionConflict),
        summary=_("Change a flag"),
        example={"killed": True, "reason": "checkout fails"},
    )
    def patch(self, call: Call[ChangeFlagBody, None], key: str) -> dict[str, Any]:
        """Set what is given; makes the flag when it is new. `killed` is the kill switch: off for everybody."""
        given = call.body
        fields = given.model_dump(exclude={"targeting", "reason"})
        targeting = None if given.targeting is None else given.targeting.as_targeting()
        services.change_flag(
            key=key,
            input=services.ChangeFlag(**fields, targeting=targeting),
            context=call.context,
            expected_version=call.if_match,
            reason=given.reason,
        )
        return flag_out(queries.get_flag(key))
