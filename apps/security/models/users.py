"""People who sign in to a console. Django's groups and permissions are not used: a role says what a user may do."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.security.roles import ADMIN, MANAGER, OPERATOR, OWNER, PERMISSIONS, VIEWER, permissions_of
from rustok.context import Actor
from rustok.db.ids import Entity
from rustok.db.scoped import ScopedQuerySet

ROLE_LABELS: Final = {
    OWNER: _("owner"),
    ADMIN: _("administrator"),
    MANAGER: _("manager"),
    VIEWER: _("viewer"),
    OPERATOR: _("operator"),
}
# Django's words for actions on models, in ours.
_ACTIONS: Final = {"view": "read", "add": "create", "change": "update", "delete": "delete"}


class Users(BaseUserManager["User"]):
    """Look-up by name, whatever its case."""

    _queryset_class = ScopedQuerySet

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this name; raises User.DoesNotExist."""
        return self.get(username__iexact=username)


class User(Entity, AbstractBaseUser):
    """One person in one shop, or one operator of the platform. The same person in two shops is two users."""

    username = models.CharField(_("user name"), max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=16, choices=list(ROLE_LABELS.items()), default=VIEWER)
    is_active = models.BooleanField(_("active"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False, db_default=False)
    locale = models.CharField(_("language"), max_length=16, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Users] = Users()  # type: ignore[assignment]  # a manager of its own, on the same query set

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """Names and addresses are unique whatever their case."""

        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)
        constraints = [
            models.UniqueConstraint(Lower("username"), name="security_user_username_uq"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="security_user_email_uq"),
            models.CheckConstraint(condition=Q(role__in=sorted(PERMISSIONS)), name="security_user_role_known"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Every role may enter its console; what it sees there is a matter of permissions."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        """Whether the role holds every permission. Django's admin asks."""
        return "*:*" in self.permissions

    @property
    def permissions(self) -> frozenset[str]:
        """What the role grants; nothing to an inactive user."""
        return permissions_of(self.role) if self.is_active else frozenset()

    @property
    def actor(self) -> Actor:
        """This user as the actor of a context."""
        return Actor("user", str(self.pk), self.username)

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Whether the role grants `resource:action`, or what Django calls `app.action_model`."""
        resource, _colon, action = _permission(perm).partition(":")
        return not self.permissions.isdisjoint({f"{resource}:{action}", f"{resource}:*", "*:*"})

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        """Whether all of them are granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, _app_label: str) -> bool:
        """The console's sites decide by model; any active user may look for an app."""
        return self.is_active


def _permission(perm: str) -> str:
    if ":" in perm:
        return perm
    action, _underscore, model = perm.rpartition(".")[2].partition("_")
    return f"{model}:{_ACTIONS.get(action, action)}"
