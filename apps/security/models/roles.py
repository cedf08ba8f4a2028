"""Roles of a shop, or of the platform: names for grants, which its people can change."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.security.roles import ADMIN, CUSTOMER, FIXED, MANAGER, OPERATOR, OWNER, VIEWER, effective
from rustok.db.ids import Entity

LONGEST_SLUG: Final = 32
ROLE_LABELS: Final = {
    OWNER: _("owner"),
    ADMIN: _("administrator"),
    MANAGER: _("manager"),
    VIEWER: _("viewer"),
    CUSTOMER: _("customer"),
    OPERATOR: _("operator"),
}


class Role(Entity):
    """A role. `grants` of NULL means: as it came; so roles that nobody changed follow the code through upgrades."""

    slug = models.CharField(_("role"), max_length=LONGEST_SLUG, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100, blank=True)
    is_system = models.BooleanField(_("built in"), default=False, editable=False)
    grants = ArrayField(models.CharField(max_length=100), verbose_name=_("grants"), null=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        """The database, too, keeps the two roles that can repair everything as they came."""

        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("slug",)
        constraints = [
            models.CheckConstraint(condition=~Q(slug=""), name="security_role_slug_given"),
            models.CheckConstraint(
                condition=Q(is_system=True) | Q(grants__isnull=False), name="security_role_grants_given"
            ),
            models.CheckConstraint(
                condition=~Q(slug__in=sorted(FIXED)) | Q(grants__isnull=True), name="security_role_fixed"
            ),
        ]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> str | Promise:
        """The name for people; built-in roles have one in every language."""
        return self.name or role_label(self.slug)

    @property
    def permissions(self) -> frozenset[str]:
        """What the role grants now."""
        return effective(self.slug, self.grants)


def role_label(slug: str) -> str | Promise:
    """The name of a role by its slug."""
    return ROLE_LABELS.get(slug, slug)
