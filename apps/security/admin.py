"""People, keys and the audit log, on both consoles. Every write is a call of `apps.security.services`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import PasswordChangeForm
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.security import services
from apps.security.models import ApiKey, AuditEntry, SigningKey, User
from apps.security.models.users import ROLE_LABELS
from apps.security.roles import PLATFORM_ROLES, TENANT_ROLES, VIEWER
from apps.security.zero_trust.services import CreateSigningKey, create_signing_key, revoke_signing_key
from rustok import context
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    Secret,
    Section,
    Tone,
    badge,
    json_view,
    moment,
    platform_site,
    tenant_site,
)
from rustok.errors import DomainError
from rustok.operations import operations
from rustok.policy import is_permission

_PLATFORM_ONLY = frozenset({"tenant", "fleet"})
_BOTH_SIDES = frozenset({"user", "api_key", "signing_key", "trust_policy", "audit", "event", "analytics", "health"})


def _roles() -> list[tuple[str, str | Promise]]:
    here = TENANT_ROLES if context.current().tenant is not None else PLATFORM_ROLES
    return [(role, ROLE_LABELS[role]) for role in here]


def _grantable() -> list[tuple[str, str]]:
    """What a key of this side may be given by this actor: every permission that some operation asks for."""
    here = context.current()
    asked = {operation.permission for operation in operations() if is_permission(operation.permission)}
    asked |= {f"{permission.partition(':')[0]}:*" for permission in asked}
    sides = _BOTH_SIDES | _PLATFORM_ONLY
    fits = {
        permission
        for permission in asked
        if here.allows(permission)
        and (
            permission.partition(":")[0] in sides
            if here.platform
            else permission.partition(":")[0] not in _PLATFORM_ONLY
        )
    }
    return [(permission, permission) for permission in sorted(fits)]


class UserForm(CommandForm):
    """A new person."""

    username = forms.CharField(label=_("User name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=_roles, initial=VIEWER)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters."),
    )


class PasswordForm(CommandForm):
    """Another password for a person."""

    password = UserForm.base_fields["password"]


class ApiKeyForm(CommandForm):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Which program will use it?"))
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"), choices=_grantable, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        label=_("Expires"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
        help_text=_("Leave empty for a key without an end."),
    )


class OwnPasswordForm(PasswordChangeForm):
    """The person's own password: Django asks for the old one, the service sets the new one."""

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
    )
    return Done(message=_("%(name)s can sign in now.") % {"name": user.username})


def _set_password(call: CommandCall) -> Done:
    services.set_password(user=call.subject, password=call.data["password"], context=call.context)
    return Done(message=_("The password is changed; open sessions have ended."))


def _create_key(call: CommandCall) -> Done:
    data = call.data
    _key, plain = services.create_api_key(
        name=data["name"], permissions=data["permissions"], expires_at=data["expires_at"], context=call.context
    )
    return Done(message=_("The key is made."), secrets=(Secret(_("API key"), plain),))


def _revoke_key(call: CommandCall) -> Done:
    services.revoke_api_key(key_id=call.subject.pk, context=call.context)
    return Done(message=_("The key is revoked."))


def _create_signing_key(call: CommandCall) -> Done:
    data = call.data
    wanted = CreateSigningKey(name=data["name"], permissions=data["permissions"], expires_at=data["expires_at"])
    key, secret = create_signing_key(input=wanted, context=call.context)
    shown = (Secret(_("Key id"), key.key_id), Secret(_("Shared secret (base64)"), secret))
    return Done(message=_("The key is made."), secrets=shown)


def _revoke_signing_key(call: CommandCall) -> Done:
    revoke_signing_key(key_id=call.subject.pk, context=call.context)
    return Done(message=_("The key is revoked."))


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
            icon="password",
        ),
    )

    @admin.display(description=_("Role"), ordering="role")
    def role_badge(self, user: User) -> str:
        """The role as a badge."""
        return badge(ROLE_LABELS[user.role], Badge.INFO)

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


def _revoking(resource: str, run: Callable[[CommandCall], Done]) -> Command:
    """The command that ends a key of either kind."""
    return Command(
        "revoke",
        label=_("Revoke"),
        permission=f"{resource}:delete",
        run=run,
        form=CommandForm,
        available=lambda key: key.revoked_at is None,
        tone=Tone.DANGER,
        icon="block",
        explanation=_("Programs that use this key are refused from now on. This cannot be undone."),
    )


class ApiKeyAdmin(ConsoleModelAdmin):
    """Credentials of programs."""

    resource, section, position, icon = "api_key", Section.ACCESS, 20, "key"
    list_display = ("name", "key_prefix", "state", "used", "created")
    search_fields = ("name", "prefix")
    search_help_text = _("Name or prefix")
    fields = ("name", "key_prefix", "state", "grants", "created_by", "created", "used")
    readonly_fields = ("key_prefix", "state", "grants", "created", "used")
    list_commands = (
        Command(
            "create",
            label=_("Create API key"),
            permission="api_key:create",
            run=_create_key,
            form=ApiKeyForm,
            tone=Tone.PRIMARY,
            icon="add",
            explanation=_("The key is shown once, right after it is made."),
        ),
    )
    commands = (_revoking("api_key", _revoke_key),)

    @admin.display(description=_("Prefix"))
    def key_prefix(self, key: ApiKey) -> str:
        """The part that may be shown."""
        return f"rk_{key.prefix}…"

    @admin.display(description=_("Status"))
    def state(self, key: ApiKey) -> str:
        """Whether the key opens anything."""
        if key.revoked_at is not None:
            return badge(_("Revoked"), Badge.BAD)
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return badge(_("Expired"), Badge.WARN)
        return badge(_("Active"), Badge.GOOD)

    @admin.display(description=_("Permissions"))
    def grants(self, key: ApiKey) -> str:
        """What it opens."""
        return ", ".join(key.permissions)

    @admin.display(description=_("Last used"), ordering="last_used_at")
    def used(self, key: ApiKey) -> str:
        """The last use, to ten minutes."""
        return moment(key.last_used_at)

    @admin.display(description=_("Created"), ordering="created_at")
    def created(self, key: ApiKey) -> str:
        """When it was made."""
        return moment(key.created_at)


class SigningKeyAdmin(ConsoleModelAdmin):
    """Keys that sign requests. Public keys are registered over REST, where programs have them at hand."""

    resource, section, position, icon = "signing_key", Section.ACCESS, 25, "signature"
    list_display = ("name", "key_id", "algorithm", "state", "created")
    search_fields = ("name", "key_id")
    search_help_text = _("Name or key id")
    fields = ("name", "key_id", "algorithm", "state", "grants", "created_by", "created", "ends")
    readonly_fields = ("state", "grants", "created", "ends")
    list_commands = (
        Command(
            "create",
            label=_("Create signing key"),
            permission="signing_key:create",
            run=_create_signing_key,
            form=ApiKeyForm,
            tone=Tone.PRIMARY,
            icon="add",
            explanation=_("The shared secret is shown once, right after it is made."),
        ),
    )
    commands = (_revoking("signing_key", _revoke_signing_key),)
    state, grants, created = ApiKeyAdmin.state, ApiKeyAdmin.grants, ApiKeyAdmin.created

    @admin.display(description=_("Expires"))
    def ends(self, key: SigningKey) -> str:
        """Until when it works."""
        return moment(key.expires_at)


class AuditAdmin(ConsoleModelAdmin):
    """What was done, by whom. Nobody changes it here or anywhere."""

    resource, section, position, icon = "audit", Section.ACCESS, 30, "fact_check"
    plural = _("Audit log")
    list_display = ("what", "who", "target", "outcome_badge", "when")
    list_display_links = ("what",)
    search_fields = ("action__startswith", "target", "actor_label__istartswith")
    search_help_text = _("Action, target or actor")
    list_filter = ("outcome",)
    fields = ("what", "outcome_badge", "who", "when", "target", "reason", "address", "request_id", "trace_id", "facts")
    readonly_fields = ("what", "outcome_badge", "who", "when", "facts")
    wide_fields = ("facts",)

    @admin.display(description=_("Action"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        """`resource:verb`."""
        return entry.action

    @admin.display(description=_("Actor"), ordering="actor_label")
    def who(self, entry: AuditEntry) -> str:
        """The actor's name and kind."""
        return f"{entry.actor_label} ({entry.actor.partition(':')[0]})"

    @admin.display(description=_("Outcome"), ordering="outcome")
    def outcome_badge(self, entry: AuditEntry) -> str:
        """How it ended."""
        return badge(entry.outcome, Badge.GOOD if entry.outcome == "ok" else Badge.BAD)

    @admin.display(description=_("Time"), ordering="id")
    def when(self, entry: AuditEntry) -> str:
        """When it was done."""
        return moment(entry.occurred_at)

    @admin.display(description=_("Details"))
    def facts(self, entry: AuditEntry) -> str:
        """The details as JSON."""
        return json_view(entry.details, label=_("Details"))


for _site in (platform_site, tenant_site):
    _site.password_change_form = OwnPasswordForm
    _site.register(User, UserAdmin)
    _site.register(ApiKey, ApiKeyAdmin)
    _site.register(SigningKey, SigningKeyAdmin)
    _site.register(AuditEntry, AuditAdmin)
