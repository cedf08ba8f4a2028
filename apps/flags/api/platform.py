"""`/api/v1/flags/` of the operators, on the platform host."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.flags import queries, services
from apps.flags.api.schemas import ChangeFlagBody, CreateFlagBody, FlagOut, FlagsOut, flag_out
from apps.flags.errors import FlagNotFound, UnknownAudience
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import DuplicateEntry, VersionConflict
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

    @operation(
        "platform_flags.create",
        permission="flag:update",
        criticality=Criticality.NORMAL,
        body=CreateFlagBody,
        answer=FlagOut,
        status=201,
        errors=(DuplicateEntry,),
        idempotent=True,
        summary=_("Make a flag"),
        example={"key": "gift-wrap", "owner": "shop-team", "expires": "2030-06-30"},
    )
    def post(self, call: Call[CreateFlagBody, None]) -> dict[str, Any]:
        """A flag for whoever asks by OFREP; flags that the code asks for are declared in the code."""
        given = call.body.model_dump()
        key = given.pop("key")
        services.change_flag(key=key, input=services.ChangeFlag(**given, create=True), context=call.context)
        return flag_out(queries.get_flag(key))


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
        errors=(FlagNotFound, UnknownAudience, VersionConflict),
        summary=_("Change a flag"),
        example={"killed": True, "reason": "checkout fails"},
    )
    def patch(self, call: Call[ChangeFlagBody, None], key: str) -> dict[str, Any]:
        """Set what is given. `killed` is the kill switch: off for everybody."""
        given = call.body
        fields = given.model_dump(exclude={"targeting", "reason"})
        targeting = None if given.targeting is None else given.targeting.as_targeting()
        services.change_flag(
            key=key,
            input=services.ChangeFlag(**fields, targeting=targeting, create=False),
            context=call.context,
            expected_version=call.if_match,
            reason=given.reason,
        )
        return flag_out(queries.get_flag(key))
