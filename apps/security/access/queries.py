"""Reads of roles."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.security.models import Role, User
from apps.security.models.roles import role_label
from apps.security.roles import PLATFORM_ROLES, TENANT_ROLES
from rustok.context import current
from rustok.errors.families import NotFound


def built_in() -> tuple[str, ...]:
    """The roles that the current scope always has."""
    return PLATFORM_ROLES if current().tenant is None else TENANT_ROLES


def roles() -> QuerySet[Role]:
    """The roles of the current scope with `users`; by slug. One statement."""
    return with_users(Role.objects.order_by("slug"))


def with_users(rows: QuerySet[Role]) -> QuerySet[Role]:
    """The roles with `users`, how many people have each."""
    having = User.objects.filter(role=OuterRef("slug")).order_by().values("role")
    counted = having.annotate(count=Count("pk")).values("count")
    return rows.annotate(users=Coalesce(Subquery(counted), 0))


def choices() -> list[tuple[str, str | Promise]]:
    """The roles that people of the current scope can have, with their names. One statement."""
    stored = {role.slug: role.label for role in Role.objects.order_by("slug")}
    return list(({slug: role_label(slug) for slug in built_in()} | stored).items())


def get_role(slug: str) -> Role:
    """One role with `users`; raises NotFound."""
    role = roles().filter(slug=slug).first()
    if role is None:
        raise NotFound(resource=str(_("role")))
    return role
