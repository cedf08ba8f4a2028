"""Roles in both consoles: what each grants, who has it, and changing both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.security.access.queries import with_users
from apps.security.access.services import ChangeRole, CreateRole, change_role, create_role, delete_role
from apps.security.admin.credentials import grantable
from apps.security.models import Role
from apps.security.models.roles import LONGEST_SLUG
from apps.security.roles import FIXED
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
from rustok.policy import policies


def _grants() -> list[tuple[str, str]]:
    """What this actor may put into a role, own rows included where a thing can be somebody's own."""
    owned = {policy.resource.name for policy in policies() if policy.own is not None}
    found = [text for text, _label in grantable()]
    found += [f"{text}:own" for text in found if text.partition(":")[0] in owned]
    return [(text, text) for text in sorted(found)]


class GrantsForm(CommandForm):
    """What a role grants."""

    grants = forms.MultipleChoiceField(label=_("Grants"), choices=_grants, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what the role has already, too: over REST more can be written down."""
        super().__init__(*args, **kwargs)
        field = self.fields["grants"]
        if isinstance(self.subject, Role) and isinstance(field, forms.MultipleChoiceField):
            there = dict(_grants()) | {text: text for text in self.subject.permissions}
            field.choices = sorted(there.items())


class NewRoleForm(GrantsForm):
    """A role of the shop's own."""

    slug = forms.CharField(
        label=_("Short name"), max_length=LONGEST_SLUG, help_text=_("Like warehouse or night-shift.")
    )
    name = forms.CharField(label=_("Name"), max_length=100)
    field_order = ("slug", "name", "grants")


def _create(call: CommandCall) -> Done:
    role = create_role(input=CreateRole(**call.data), context=call.context)
    return Done(message=_("The role %(name)s is made.") % {"name": role.label})


def _change(call: CommandCall) -> Done:
    wanted = ChangeRole(grants=call.data["grants"])
    change_role(slug=call.subject.slug, input=wanted, context=call.context, expected_version=call.version)
    return Done(message=_("It holds for everybody's next request."))


def _reset(call: CommandCall) -> Done:
    change_role(
        slug=call.subject.slug, input=ChangeRole(reset=True), context=call.context, expected_version=call.version
    )
    return Done(message=_("The role is as the product brings it."))


def _delete(call: CommandCall) -> Done:
    delete_role(slug=call.subject.slug, context=call.context, expected_version=call.version)
    return Done(message=_("The role is deleted."), location=reverse("admin:security_role_changelist"))


def _initial(role: Role) -> Mapping[str, Any]:
    return {"grants": sorted(role.permissions)}


class RoleAdmin(ConsoleModelAdmin):
    """Names for grants. People have one each; a change holds from their next request on."""

    resource, section, position, icon = "role", Section.ACCESS, 15, "badge"
    list_display = ("label_of", "slug", "kind", "people", "changed")
    list_display_links = ("label_of",)
    search_fields = ("slug", "name")
    search_help_text = _("Name")
    fields = ("label_of", "slug", "kind", "people", "grants_of", "changed")
    readonly_fields = ("label_of", "slug", "kind", "people", "grants_of", "changed")
    wide_fields = ("grants_of",)
    ordering = ("slug",)
    list_commands = (
        Command(
            "create",
            label=_("Add role"),
            permission="role:create",
            run=_create,
            form=NewRoleForm,
            tone=Tone.PRIMARY,
            icon="add",
            explanation=_("You can grant only what you hold yourself."),
        ),
    )
    commands = (
        Command(
            "change",
            label=_("Change grants"),
            permission="role:update",
            run=_change,
            form=GrantsForm,
            available=lambda role: role.slug not in FIXED,
            tone=Tone.PRIMARY,
            icon="edit",
            initial=_initial,
        ),
        Command(
            "reset",
            label=_("As it came"),
            permission="role:update",
            run=_reset,
            form=CommandForm,
            available=lambda role: role.is_system and role.grants is not None,
            icon="restart_alt",
            explanation=_("The role follows the product again, also when the product grants it more one day."),
        ),
        Command(
            "delete",
            label=_("Delete"),
            permission="role:delete",
            run=_delete,
            form=CommandForm,
            available=lambda role: not role.is_system,
            tone=Tone.DANGER,
            icon="delete",
            explanation=_("Only a role that nobody has."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With how many people have each."""
        return with_users(super().get_queryset(request))

    @admin.display(description=_("Role"), ordering="slug")
    def label_of(self, role: Role) -> str:
        """The name for people."""
        return str(role.label)

    @admin.display(description=_("Kind"))
    def kind(self, role: Role) -> str:
        """Whose role it is, and whether it was changed."""
        if role.slug in FIXED:
            return badge(_("Fixed"), Badge.INFO)
        if not role.is_system:
            return badge(_("Own"), Badge.GOOD)
        return badge(_("Built in"), Badge.INFO) if role.grants is None else badge(_("Changed"), Badge.WARN)

    @admin.display(description=_("People"))
    def people(self, role: Role) -> str:
        """How many have it."""
        return str(getattr(role, "users", 0))

    @admin.display(description=_("Grants"))
    def grants_of(self, role: Role) -> str:
        """What it grants now."""
        return ", ".join(sorted(role.permissions))

    @admin.display(description=_("Changed"), ordering="updated_at")
    def changed(self, role: Role) -> str:
        """When it was changed last."""
        return moment(role.updated_at)


for _site in (platform_site, tenant_site):
    _site.register(Role, RoleAdmin)
