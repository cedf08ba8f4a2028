"""Service tokens in both consoles: who has a session, and ending it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.security.admin.credentials import standing
from apps.security.models import TokenFamily
from apps.security.models.tokens import REUSED
from apps.security.tokens.services import revoke_family
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


def _revoke(call: CommandCall) -> Done:
    revoke_family(family_id=call.subject.pk, context=call.context)
    return Done(message=_("The session is ended."))


class TokenFamilyAdmin(ConsoleModelAdmin):
    """Sessions of programs and people that work with short-lived tokens."""

    resource, section, position, icon = "token", Section.ACCESS, 22, "token"
    list_display = ("label", "parent_kind", "state", "refreshed", "address", "created")
    search_fields = ("label", "address")
    search_help_text = _("Name or address")
    fields = ("label", "parent", "state", "grants", "address", "created", "refreshed", "expires", "ends")
    readonly_fields = ("parent", "state", "grants", "created", "refreshed", "expires", "ends")
    commands = (
        Command(
            "revoke",
            label=_("Revoke"),
            permission="token:delete",
            run=_revoke,
            form=CommandForm,
            available=lambda family: family.revoked_at is None,
            tone=Tone.DANGER,
            icon="block",
            explanation=_("Every token of this session is refused from the next request on."),
        ),
    )

    @admin.display(description=_("Kind"))
    def parent_kind(self, family: TokenFamily) -> str:
        """Whether a program or a person works with it."""
        return str(_("person") if family.user_id else _("API key"))

    @admin.display(description=_("Status"))
    def state(self, family: TokenFamily) -> str:
        """Whether the tokens open anything."""
        if family.revoked_for == REUSED:
            return badge(_("Ended: old token used again"), Badge.BAD)
        return standing(revoked_at=family.revoked_at, expires_at=family.expires_at)

    @admin.display(description=_("Permissions"))
    def grants(self, family: TokenFamily) -> str:
        """What the session was opened with."""
        return ", ".join(family.permissions)

    @admin.display(description=_("Created"), ordering="created_at")
    def created(self, family: TokenFamily) -> str:
        """When it began."""
        return moment(family.created_at)

    @admin.display(description=_("Last refreshed"), ordering="refreshed_at")
    def refreshed(self, family: TokenFamily) -> str:
        """When it was used last to get a new pair."""
        return moment(family.refreshed_at)

    @admin.display(description=_("Expires"), ordering="expires_at")
    def expires(self, family: TokenFamily) -> str:
        """When it ends unless it is refreshed."""
        return moment(family.expires_at)

    @admin.display(description=_("Ends"))
    def ends(self, family: TokenFamily) -> str:
        """When it ends in any case."""
        return moment(family.ends_at)


for _site in (platform_site, tenant_site):
    _site.register(TokenFamily, TokenFamilyAdmin)
