"""REST: roles, who has them, and why somebody may or may not; the same on both hosts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.security.access import services
from apps.security.access.errors import LastOwner, RoleFixed, RoleInUse
from apps.security.access.explaining import Holder, explain, find_holder
from apps.security.access.queries import get_role, roles
from apps.security.api.role_shapes import (
    AssignBody,
    AssignedOut,
    ChangeRoleBody,
    CreateRoleBody,
    ExplainPermissionBody,
    PermissionDecisionOut,
    RoleOut,
    role_out,
)
from apps.security.errors import GrantExceeded
from rustok.api import Answer, Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.operations import AUTHENTICATED, Criticality
from rustok.policy import require


class RoleCollection(Endpoint):
    """The roles of this host's scope."""

    @operation(
        "roles.list",
        permission="role:read",
        criticality=Criticality.LOW,
        answer=Page[RoleOut],
        summary=_("List roles"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """By slug, each with what it grants now and how many people have it."""
        return paginate(roles(), call, to_dict=role_out, ordering=("slug",))

    @operation(
        "roles.create",
        permission="role:create",
        criticality=Criticality.NORMAL,
        body=CreateRoleBody,
        answer=RoleOut,
        status=201,
        errors=(DuplicateEntry, GrantExceeded),
        summary=_("Create a role"),
        example={"slug": "packer", "name": "Packer", "grants": ["order:read", "order:ship"]},
    )
    def post(self, call: Call[CreateRoleBody, Query]) -> Answer:
        """A caller can hand on only what it holds itself."""
        role = services.create_role(input=services.CreateRole(**call.body.model_dump()), context=call.context)
        return Answer(role_out(role), headers={"Location": f"{call.request.path}{role.slug}/"})


class RoleItem(Endpoint):
    """One role."""

    @operation(
        "roles.get",
        permission="role:read",
        criticality=Criticality.LOW,
        answer=RoleOut,
        errors=(NotFound,),
        summary=_("Show a role"),
    )
    def get(self, call: Call[None, Query], *, slug: str) -> dict[str, Any]:
        """The role, its version as ETag."""
        return role_out(call.ensure(get_role(slug)))

    @operation(
        "roles.change",
        permission="role:update",
        criticality=Criticality.NORMAL,
        body=ChangeRoleBody,
        answer=RoleOut,
        errors=(NotFound, VersionConflict, RoleFixed, GrantExceeded),
        summary=_("Change a role"),
    )
    def patch(self, call: Call[ChangeRoleBody, Query], *, slug: str) -> dict[str, Any]:
        """It holds for everybody's next request; built-in roles keep their names."""
        wanted = services.ChangeRole(**call.body.model_dump())
        services.change_role(slug=slug, input=wanted, context=call.context, expected_version=call.if_match)
        return role_out(get_role(slug))

    @operation(
        "roles.delete",
        permission="role:delete",
        criticality=Criticality.NORMAL,
        errors=(NotFound, VersionConflict, RoleFixed, RoleInUse),
        summary=_("Delete a role"),
    )
    def delete(self, call: Call[None, Query], *, slug: str) -> None:
        """Only one that nobody has; built-in roles stay."""
        services.delete_role(slug=slug, context=call.context, expected_version=call.if_match)


class RoleAssignment(Endpoint):
    """Who has a role."""

    @operation(
        "roles.assign",
        permission="user:update",
        criticality=Criticality.NORMAL,
        body=AssignBody,
        answer=AssignedOut,
        errors=(NotFound, GrantExceeded, LastOwner),
        summary=_("Give a person a role"),
    )
    def post(self, call: Call[AssignBody, Query], *, slug: str) -> dict[str, Any]:
        """The person's role from the next request on; a person has one."""
        user = services.assign_role(user_id=call.body.user, role=slug, context=call.context)
        return {"user": user.pk, "username": user.username, "role": user.role}


class PermissionExplanation(Endpoint):
    """Why somebody may or may not."""

    @operation(
        "permissions.explain",
        permission=AUTHENTICATED,
        criticality=Criticality.LOW,
        writes=False,
        body=ExplainPermissionBody,
        answer=PermissionDecisionOut,
        errors=(NotFound,),
        cost=1,
        summary=_("Explain a permission"),
        example={"permission": "order:cancel"},
    )
    def post(self, call: Call[ExplainPermissionBody, Query]) -> dict[str, Any]:
        """About oneself with any credential; about other actors and roles with `role:read`."""
        body, holder = call.body, Holder.of(call.context)
        asked_about_others = body.actor is not None or body.role is not None
        if asked_about_others:
            require(call.context, "role:read")
            holder = find_holder(actor=body.actor or "", role=body.role or "")
        found = explain(
            permission=body.permission, holder=holder, object_id=body.object, discreet=not asked_about_others
        )
        return found.facts()
