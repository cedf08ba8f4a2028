"""People who sign in to a console. Django's groups and permissions are not used: a role says what a user may do."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.security.models.roles import LONGEST_SLUG, ROLE_LABELS, Role
from apps.security.roles import VIEWER, effective
from rustok.context import Actor
from rustok.db.ids import Entity
from rustok.db.scoped import ScopedQuerySet
from rustok.grants import Scope, holds, scope_of

__all__ = ["ROLE_LABELS", "User", "Users"]
# Django's words for actions on models, in ours.
_ACTIONS: Final = {"view": "read", "add": "create", "change": "update", "delete": "delete"}


class Users(BaseUserManager["User"]):
    """Look-up by name, whatever its case. Every person comes with what the role grants at that moment."""

    _queryset_class = ScopedQuerySet

    def get_queryset(self) -> models.QuerySet[User]:
        """People with `stored_grants`: a change of a role holds from the next look on, at no extra statement."""
        grants = Role.objects.filter(slug=models.OuterRef("role")).values("grants")[:1]
        return super().get_queryset().annotate(stored_grants=models.Subquery(grants))

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this name; raises User.DoesNotExist."""
        return self.get(username__iexact=username)


class User(Entity, AbstractBaseUser):
    """One person in one shop, or one operator of the platform. The same person in two shops is two users."""

    username = models.CharField(_("user name"), max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=LONGEST_SLUG, default=VIEWER)
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
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Whether the role lets its people into the console; what they see there is a matter of permissions."""
        return scope_of(self.permissions, "console:use") is Scope.ALL

    @property
    def is_superuser(self) -> bool:
        """Whether the role holds every permission. Django's admin asks."""
        return "*:*" in self.permissions

    @property
    def permissions(self) -> frozenset[str]:
        """What the role grants; nothing to an inactive user."""
        return self.granted if self.is_active else frozenset()

    @property
    def granted(self) -> frozenset[str]:
        """What the role grants, locked or not: whoever decides about this person has to hold it."""
        return effective(self.role, self._stored())

    def _stored(self) -> list[str] | None:
        """What is stored about the role: known since the row was read, except where somebody else's query read it."""
        if "stored_grants" not in self.__dict__:
            rows = Role.objects.filter(slug=self.role).values_list("grants", flat=True)
            self.__dict__["stored_grants"] = None if self._state.adding else next(iter(rows[:1]), None)
        found: list[str] | None = self.__dict__["stored_grants"]
        return found

    def take_role(self, role: str) -> None:
        """Change the role and forget what the old one granted; does not save."""
        self.role = role
        self.__dict__.pop("stored_grants", None)

    @property
    def actor(self) -> Actor:
        """This user as the actor of a context."""
        return Actor("user", str(self.pk), self.username)

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Whether the role grants `resource:action`, or what Django calls `app.action_model`."""
        return holds(self.permissions, _permission(perm))

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
