"""Reads of roles."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.security.models import Role, User
from apps.security.roles import PLATFORM_ROLES, TENANT_ROLES
from rustok.context import current
from rustok.errors.families import NotFound


def built_in() -> tuple[str, ...]:
    """The roles that the current scope always has."""
    return PLATFORM_ROLES if current().tenant is None else TENANT_ROLES


def roles() -> QuerySet[Role]:
    """The roles of the current scope with `users`, how many people have each; by name. One statement."""
    having = User.objects.filter(role=OuterRef("slug")).order_by().values("role")
    counted = having.annotate(count=Count("pk")).values("count")
    return Role.objects.annotate(users=Coalesce(Subquery(counted), 0)).order_by("slug")


def get_role(slug: str) -> Role:
    """One role with `users`; raises NotFound."""
    role = roles().filter(slug=slug).first()
    if role is None:
        raise NotFound(resource=str(_("role")))
    return role
