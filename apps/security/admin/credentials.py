"""API keys and signing keys in both consoles. Every write is a call of a service of this app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security import services
from apps.security.models import ApiKey, SigningKey
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
    moment,
    platform_site,
    tenant_site,
)
from rustok.operations import operations
from rustok.policy import is_permission

_PLATFORM_ONLY = frozenset({"tenant", "fleet"})
_BOTH_SIDES = frozenset(
    {"user", "api_key", "signing_key", "trust_policy", "audit", "event", "analytics", "health", "token"}
)


def grantable() -> list[tuple[str, str]]:
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


class ApiKeyForm(CommandForm):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Which program will use it?"))
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"), choices=grantable, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        label=_("Expires"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
        help_text=_("Leave empty for a key without an end."),
    )


class NewApiKeyForm(ApiKeyForm):
    """A new API key: signing keys have no networks."""

    allowed_networks = forms.CharField(
        label=_("Allowed networks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, as 192.0.2.0/24 or 2001:db8::/32. Leave empty for a key that works from anywhere."),
    )


class RotateForm(CommandForm):
    """How long both keys work."""

    overlap_hours = forms.IntegerField(
        label=_("Overlap in hours"),
        min_value=0,
        max_value=720,
        initial=24,
        help_text=_("How long the old key goes on working."),
    )


def _create_key(call: CommandCall) -> Done:
    data = call.data
    _key, plain = services.create_api_key(
        name=data["name"],
        permissions=data["permissions"],
        expires_at=data["expires_at"],
        allowed_networks=data["allowed_networks"].split(),
        context=call.context,
    )
    return Done(message=_("The key is made."), secrets=(Secret(_("API key"), plain),))


def _rotate_key(call: CommandCall) -> Done:
    overlap = timedelta(hours=call.data["overlap_hours"])
    _key, plain = services.rotate_api_key(key_id=call.subject.pk, overlap=overlap, context=call.context)
    return Done(message=_("The successor is made."), secrets=(Secret(_("API key"), plain),))


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


def standing(*, revoked_at: datetime | None, expires_at: datetime | None) -> str:
    """Whether a credential opens anything, as a badge: keys and sessions of tokens show it alike."""
    if revoked_at is not None:
        return badge(_("Revoked"), Badge.BAD)
    if expires_at is not None and expires_at <= timezone.now():
        return badge(_("Expired"), Badge.WARN)
    return badge(_("Active"), Badge.GOOD)


class ApiKeyAdmin(ConsoleModelAdmin):
    """Credentials of programs."""

    resource, section, position, icon = "api_key", Section.ACCESS, 20, "key"
    list_display = ("name", "key_prefix", "state", "used", "created")
    search_fields = ("name", "prefix")
    search_help_text = _("Name or prefix")
    fields = ("name", "key_prefix", "state", "grants", "networks", "created_by", "created", "ends", "used")
    readonly_fields = ("key_prefix", "state", "grants", "networks", "created", "ends", "used")
    list_commands = (
        Command(
            "create",
            label=_("Create API key"),
            permission="api_key:create",
            run=_create_key,
            form=NewApiKeyForm,
            tone=Tone.PRIMARY,
            icon="add",
            explanation=_("The key is shown once, right after it is made."),
        ),
    )
    commands = (
        Command(
            "rotate",
            label=_("Rotate"),
            permission="api_key:update",
            run=_rotate_key,
            form=RotateForm,
            available=lambda key: key.revoked_at is None,
            icon="autorenew",
            explanation=_("Makes a successor with the same permissions and networks. It is shown once."),
        ),
        _revoking("api_key", _revoke_key),
    )

    @admin.display(description=_("Prefix"))
    def key_prefix(self, key: ApiKey) -> str:
        """The part that may be shown."""
        return f"rk_{key.prefix}…"

    @admin.display(description=_("Status"))
    def state(self, key: ApiKey) -> str:
        """Whether the key opens anything."""
        return standing(revoked_at=key.revoked_at, expires_at=key.expires_at)

    @admin.display(description=_("Permissions"))
    def grants(self, key: ApiKey) -> str:
        """What it opens."""
        return ", ".join(key.permissions)

    @admin.display(description=_("Allowed networks"))
    def networks(self, key: ApiKey) -> str:
        """From where it may be used."""
        return ", ".join(key.allowed_networks) or str(_("anywhere"))

    @admin.display(description=_("Expires"))
    def ends(self, key: ApiKey | SigningKey) -> str:
        """Until when it works."""
        return moment(key.expires_at)

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
    state, grants, created, ends = ApiKeyAdmin.state, ApiKeyAdmin.grants, ApiKeyAdmin.created, ApiKeyAdmin.ends


for _site in (platform_site, tenant_site):
    _site.register(ApiKey, ApiKeyAdmin)
    _site.register(SigningKey, SigningKeyAdmin)
