"""What goes over the wire about roles and explanations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.security.models import Role
from apps.security.roles import FIXED
from rustok.api import Body, Out
from rustok.text import NON_BLANK

Grant = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^(([a-z][a-z0-9_]*:([a-z][a-z0-9_]*|\*))|\*:\*)(:(all|own|none))?$"),
]
Slug = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$")]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NON_BLANK)]
Permission = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z][a-z0-9_]*:([a-z][a-z0-9_]*|\*)$")]
Actor = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^(user|api_key|signing_key):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
]


class CreateRoleBody(Body):
    """A role of the shop's own."""

    slug: Slug
    name: RoleName
    grants: list[Grant] = Field(min_length=1, max_length=200, description="`order:read`, `order:*`, `order:read:own` …")


class ChangeRoleBody(Body):
    """The members to change."""

    name: RoleName | None = None
    grants: list[Grant] | None = Field(None, min_length=1, max_length=200)
    reset: bool = Field(False, description="Let a built-in role follow the product again.")


class AssignBody(Body):
    """Who gets the role."""

    user: UUID


class RoleOut(Out):
    """A role and what it grants now."""

    slug: str
    name: str
    is_system: bool = Field(description="Whether every shop has it.")
    is_fixed: bool = Field(description="Whether it can never be changed.")
    is_changed: bool = Field(description="Whether a built-in role was changed here.")
    grants: list[str]
    users: int = Field(description="How many people have it.")
    version: int
    created_at: datetime
    updated_at: datetime


class AssignedOut(Out):
    """A person and the role."""

    user: UUID
    username: str
    role: str


class ExplainPermissionBody(Body):
    """About the caller, unless an actor or a role is named (needs `role:read`)."""

    permission: Permission
    object: UUID | None = Field(None, description="The row; without one the question is about all rows.")
    actor: Actor | None = None
    role: Slug | None = None


class PermissionDecisionOut(Out):
    """What the guard says, and why."""

    allowed: bool
    permission: str
    rule: Literal["granted", "own", "not_own", "own_rows_only", "no_owner", "withheld", "no_grant", "needs"]
    scope: Literal["all", "own", "none"] = Field(description="How far the grants reach.")
    grant: str | None = Field(description="The grant that decided.")
    missing: str | None = Field(description="What would have been needed.")
    sometimes_missing: list[str] = Field(
        description="What the action also takes with some of the rows, and is lacking."
    )
    reason: str
    actor: str | None
    role: str | None
    object: str | None


def role_out(role: Role) -> dict[str, Any]:
    """The shape of `RoleOut`; the role comes from `queries.roles`."""
    return {
        "slug": role.slug,
        "name": str(role.label),
        "is_system": role.is_system,
        "is_fixed": role.slug in FIXED,
        "is_changed": role.is_system and role.grants is not None,
        "grants": sorted(role.permissions),
        "users": getattr(role, "users", 0),
        "version": role.version,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }
