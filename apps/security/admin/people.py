"""People in both consoles. Every write is a call of `apps.security.services`."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.security import locking, services
from apps.security.access.queries import choices
from apps.security.access.services import assign_role
from apps.security.identity.pages.commands import PERSON_COMMANDS
from apps.security.identity.services import recheck_password
from apps.security.models import User
from apps.security.models.roles import role_label
from apps.security.oidc.services import is_linked, unlink
from apps.security.roles import VIEWER
from rustok import context
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    Section,
    Tone,
    badge,
    moment,
    platform_site,
    tenant_site,
)
from rustok.errors import DomainError


class RoleForm(CommandForm):
    """Another role for a person."""

    role = forms.ChoiceField(label=_("Role"), choices=choices)


class UserForm(CommandForm):
    """A new person."""

    username = forms.CharField(label=_("User name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=choices, initial=VIEWER)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_(
            "At least ten characters, twelve for owners and operators. It has to be changed at the first sign-in."
        ),
    )


class PasswordForm(CommandForm):
    """Another password for a person."""

    password = UserForm.base_fields["password"]


class OwnPasswordForm(PasswordChangeForm):
    """The person's own password: Django asks for the old one, the service sets the new one."""

    def clean_old_password(self) -> str:
        """Ask for the old password as often as lockout allows."""
        old: str = self.cleaned_data["old_password"]
        try:
            right = recheck_password(user=self.user, password=old)
        except DomainError as error:
            raise ValidationError(error.detail) from error
        if not right:
            raise ValidationError(_("This is not your password."))
        return old

    def clean(self) -> dict[str, Any]:
        """Let the service's refusal stand beside the field."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                services.set_password(user=self.user, password=cleaned["new_password1"], context=context.current())
            except DomainError as error:
                self.add_error("new_password1", [str(item.message) for item in error.errors] or error.detail)
        return cleaned

    def save(self, commit: bool = True) -> User:
        """Nothing is left to store: `clean` called the service."""
        return self.user


def _create_user(call: CommandCall) -> Done:
    data = call.data
    user = services.create_user(
        username=data["username"],
        email=data["email"],
        role=data["role"],
        password=data["password"],
        context=call.context,
        must_change=True,
    )
    return Done(message=_("%(name)s can sign in now.") % {"name": user.username})


def _assign_role(call: CommandCall) -> Done:
    user = assign_role(user_id=call.subject.pk, role=call.data["role"], context=call.context)
    return Done(message=_("%(name)s has another role now.") % {"name": user.username})


def _set_password(call: CommandCall) -> Done:
    services.set_password(user=call.subject, password=call.data["password"], context=call.context)
    return Done(message=_("The password is changed; open sessions have ended."))


def _lock(call: CommandCall) -> Done:
    user = locking.lock_person(user_id=call.subject.pk, context=call.context)
    return Done(message=_("%(name)s is locked out.") % {"name": user.username})


def _let_in(call: CommandCall) -> Done:
    user = locking.unlock_person(user_id=call.subject.pk, context=call.context)
    return Done(message=_("%(name)s can sign in again.") % {"name": user.username})


def _unlink(call: CommandCall) -> Done:
    unlink(user=call.subject, context=call.context)
    return Done(message=_("The next account with this person's verified e-mail address is linked."))


LOCKING: Final = (
    Command(
        "lock",
        label=_("Lock out"),
        permission="user:update",
        run=_lock,
        form=CommandForm,
        available=lambda user: user.is_active,
        fresh=True,
        tone=Tone.DANGER,
        icon="person_off",
        explanation=_("Sessions, tokens and visits of this person end at once. API keys go on: revoke those as well."),
    ),
    Command(
        "let_in",
        label=_("Let in again"),
        permission="user:update",
        run=_let_in,
        form=CommandForm,
        available=lambda user: not user.is_active,
        fresh=True,
        icon="how_to_reg",
        explanation=_("The person signs in with what they had before."),
    ),
    Command(
        "unlink",
        label=_("Unlink external account"),
        permission="user:update",
        run=_unlink,
        form=CommandForm,
        available=is_linked,
        fresh=True,
        icon="link_off",
        explanation=_("For people who have another account at the identity provider now. Sessions end."),
    ),
)


class UserAdmin(ConsoleModelAdmin):
    """People who sign in here."""

    resource, section, position, icon = "user", Section.ACCESS, 10, "group"
    list_display = ("username", "email", "role_badge", "active_badge", "seen")
    search_fields = ("username", "email")
    search_help_text = _("Name or e-mail address")
    list_filter = ("role", "is_active")
    fields = ("username", "email", "role_badge", "active_badge", "locale", "seen", "created")
    readonly_fields = ("role_badge", "active_badge", "seen", "created")
    list_commands = (
        Command(
            "create",
            label=_("Add user"),
            permission="user:create",
            run=_create_user,
            form=UserForm,
            tone=Tone.PRIMARY,
            icon="person_add",
        ),
    )
    commands = (
        Command(
            "set_password",
            label=_("Set password"),
            permission="user:update",
            run=_set_password,
            form=PasswordForm,
            fresh=True,
            icon="password",
        ),
        Command(
            "assign_role",
            label=_("Change role"),
            permission="user:update",
            run=_assign_role,
            form=RoleForm,
            icon="badge",
            initial=lambda user: {"role": user.role},
            explanation=_("It holds from the person's next request on."),
        ),
        *PERSON_COMMANDS,
        *LOCKING,
    )

    @admin.display(description=_("Role"), ordering="role")
    def role_badge(self, user: User) -> str:
        """The role as a badge."""
        return badge(role_label(user.role), Badge.INFO)

    @admin.display(description=_("Status"), ordering="is_active")
    def active_badge(self, user: User) -> str:
        """Whether the person may sign in."""
        return badge(_("Active"), Badge.GOOD) if user.is_active else badge(_("Locked"), Badge.BAD)

    @admin.display(description=_("Last sign-in"), ordering="last_login")
    def seen(self, user: User) -> str:
        """When the person came last."""
        return moment(user.last_login)

    @admin.display(description=_("Created"))
    def created(self, user: User) -> str:
        """Since when the account exists."""
        return moment(user.created_at)


for _site in (platform_site, tenant_site):
    _site.password_change_form = OwnPasswordForm
    _site.register(User, UserAdmin)
