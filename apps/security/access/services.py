"""Writes of roles and of who has them. Nobody hands on, takes away or gives a role beyond what they hold themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.security.access.errors import LastOwner, RoleFixed, RoleInUse
from apps.security.access.grants import check_held, checked_grants, invalid
from apps.security.access.queries import built_in
from apps.security.models import Role, User
from apps.security.roles import FIXED, PERMISSIONS
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.constraints import unique
from rustok.db.transactions import unit_of_work
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.policy import require
from rustok.text import clean

SLUG: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
MOST_GRANTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole:
    """A role of the shop's own."""

    slug: str
    name: str
    grants: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRole:
    """None leaves a field as it is; `reset` lets a built-in role follow the product again."""

    name: str | None = None
    grants: Sequence[str] | None = None
    reset: bool = False


def create_role(*, input: CreateRole, context: ExecutionContext) -> Role:
    """Make a role. Needs `role:create` and every grant of it. Raises InvalidInput, DuplicateEntry, GrantExceeded."""
    require(context, "role:create")
    if not SLUG.fullmatch(input.slug) or len(input.slug) > 32:
        raise invalid("/slug", "slug", _("Use lower-case letters, digits and hyphens."))
    if input.slug in PERMISSIONS:
        raise DuplicateEntry(resource=str(_("role")), value=input.slug)
    role = Role(
        slug=input.slug, name=clean(input.name, field="name", longest=100), grants=_checked(input.grants, context)
    )
    with unit_of_work() as uow, unique(str(_("role")), role.slug):
        role.save(force_insert=True)
        uow.audit(AuditEntry(action="role:create", target=str(role.pk), details=_facts(role)))
    return role


def change_role(
    *, slug: str, input: ChangeRole, context: ExecutionContext, expected_version: int | None = None
) -> Role:
    """Change name or grants; it holds for everybody's next request. Needs `role:update`, the old and the new grants.

    Raises NotFound, RoleFixed, VersionConflict, InvalidInput, GrantExceeded.
    """
    require(context, "role:update")
    with unit_of_work() as uow:
        role = _locked(slug, expected_version)
        check_held(role.permissions, context)
        before = _facts(role)
        if input.name is not None and not role.is_system:
            role.name = clean(input.name, field="name", longest=100)
        if input.grants is not None:
            role.grants = _checked(input.grants, context)
        if input.reset and role.is_system:
            role.grants = None
            check_held(role.permissions, context)
        if _facts(role) != before:
            role.version += 1
            role.save(update_fields=["name", "grants", "version", "updated_at"])
            uow.audit(AuditEntry(action="role:update", target=str(role.pk), details=_facts(role) | {"before": before}))
    return role


def delete_role(*, slug: str, context: ExecutionContext, expected_version: int | None = None) -> None:
    """Remove a role that nobody has. Needs `role:delete`; raises NotFound, RoleFixed, VersionConflict, RoleInUse."""
    require(context, "role:delete")
    with unit_of_work() as uow:
        role = _locked(slug, expected_version)
        if role.is_system:
            raise RoleFixed(role=slug)
        users = User.objects.filter(role=slug).count()
        if users:
            raise RoleInUse(role=slug, users=users)
        uow.audit(AuditEntry(action="role:delete", target=str(role.pk), details=_facts(role)))
        role.delete()


def assign_role(*, user_id: UUID, role: str, context: ExecutionContext) -> User:
    """Give a person another role. Needs `user:update`, and all that the old and the new role grant.

    Raises NotFound (no such person or role here), GrantExceeded, LastOwner.
    """
    require(context, "user:update")
    with unit_of_work() as uow:
        wanted = _row_to_give(role)
        if wanted is None:
            raise NotFound(resource=str(_("role")))
        check_held(wanted.permissions, context)
        user = person_to_change(user_id=user_id, context=context)
        if user.role == wanted.slug:
            return user
        check_owner_left(user)
        details = {"from": user.role, "to": wanted.slug}
        user.take_role(wanted.slug)
        user.save(update_fields=["role", "updated_at"])
        uow.audit(AuditEntry(action="user:assign_role", target=str(user.pk), details=details))
    return user


def role_to_give(slug: str, context: ExecutionContext) -> Role:
    """The role, kept from going while the caller's transaction lasts. Built-in ones are made where they are missing.

    Raises InvalidInput (no such role here), GrantExceeded (it grants what the context lacks).
    """
    role = _row_to_give(slug)
    if role is None:
        raise invalid("/role", "unknown", _("This role does not exist here."))
    check_held(role.permissions, context)
    return role


def _row_to_give(slug: str) -> Role | None:
    rows = Role.objects.select_for_update(no_key=True)
    role = rows.filter(slug=slug).first()
    if role is None and slug in built_in():
        with transaction.atomic():
            seed_roles()
        role = rows.filter(slug=slug).first()
    return role


def seed_roles() -> None:
    """Make the built-in roles of the current scope that are not there yet."""
    here = set(Role.objects.values_list("slug", flat=True))
    Role.objects.bulk_create([Role(slug=slug, is_system=True) for slug in built_in() if slug not in here])


def person_to_change(*, user_id: UUID, context: ExecutionContext) -> User:
    """The person, the row locked until the transaction ends. Needs `user:update`, and all that the person may do.

    Raises NotFound, GrantExceeded.
    """
    require(context, "user:update")
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(resource=str(_("user")))
    check_held(user.granted, context)
    return user


def check_owner_left(user: User) -> None:
    """Raise LastOwner when nobody but this person may do everything here; keeps the others as they are meanwhile."""
    if user.role in FIXED and user.is_active:
        others = User.objects.filter(role=user.role, is_active=True).exclude(pk=user.pk)
        if not others.select_for_update(of=("self",)).exists():
            raise LastOwner(username=user.username)


def _checked(grants: Sequence[str], context: ExecutionContext) -> list[str]:
    if len(grants) > MOST_GRANTS:
        raise invalid("/grants", "too_long", _("Name at most %(most)s grants.") % {"most": MOST_GRANTS})
    return checked_grants(grants, context, member="grants", known=True)


def _locked(slug: str, expected_version: int | None) -> Role:
    role = Role.objects.select_for_update().filter(slug=slug).first()
    if role is None:
        raise NotFound(resource=str(_("role")))
    if expected_version is not None and role.version != expected_version:
        raise VersionConflict(resource=str(_("role")), current=role.version)
    if role.slug in FIXED:
        raise RoleFixed(role=slug)
    return role


def _facts(role: Role) -> dict[str, object]:
    return {"slug": role.slug, "name": role.name, "grants": role.grants}
