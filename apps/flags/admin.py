"""Flags in both consoles: operators set them for everybody, a shop's staff for their shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.flags import services
from apps.flags.evaluation import explain
from apps.flags.models import UNITS, Flag, ShopTargeting
from apps.flags.targeting import People, Targeting
from apps.tenants.isolation import current_tenant
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    ReasonForm,
    Section,
    Tone,
    badge,
    json_view,
    platform_site,
    tenant_site,
)
from rustok.operations import Criticality

_REST: Final = (("", _("as below")), ("on", _("on for everybody")), ("off", _("off for everybody")))
_AREA: Final = forms.Textarea(attrs={"rows": 2})


def _names(label: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=_AREA, help_text=_("One per line."))


class ShopTargetingForm(CommandForm):
    """Who has the flag in this shop."""

    rest = forms.ChoiceField(label=_("Everybody whom no list names"), choices=_REST, required=False)
    percent = forms.FloatField(label=_("Percentage"), required=False, min_value=0, max_value=100)
    on_users = _names(_("On for users (ids)"))
    on_groups = _names(_("On for roles"))
    on_audiences = _names(_("On for audiences"))
    off_users = _names(_("Off for users (ids)"))
    off_groups = _names(_("Off for roles"))
    off_audiences = _names(_("Off for audiences"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=255)


class TargetingForm(ShopTargetingForm):
    """Who has the flag."""

    on_tenants = _names(_("On for shops (ids)"))
    off_tenants = _names(_("Off for shops (ids)"))


class NewFlagForm(CommandForm):
    """A flag that the code does not declare."""

    key = forms.CharField(label=_("Key"), max_length=100, help_text=_("Lower-case words joined by hyphens."))
    owner = forms.CharField(label=_("Owner"), max_length=64)
    expires = forms.DateField(label=_("Expires on"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    unit = forms.ChoiceField(label=_("A percentage is one of"), choices=UNITS)


def _lines(text: str) -> tuple[str, ...]:
    """What stands on each line; a name may hold blanks."""
    return tuple(name for line in text.splitlines() if (name := line.strip()))


def _targeting(data: Mapping[str, Any]) -> Targeting:
    sides = {
        side: People(
            **{
                kind: _lines(data[f"{side}_{kind}"])
                for kind in ("users", "groups", "audiences", "tenants")
                if f"{side}_{kind}" in data
            }
        )
        for side in ("on", "off")
    }
    enabled = {"on": True, "off": False}.get(data["rest"])
    return Targeting(enabled=enabled, percent=data["percent"], **sides)


def _initial(targeting: Targeting) -> dict[str, Any]:
    lists = {
        f"{side}_{kind}": "\n".join(names)
        for side in ("on", "off")
        for kind, names in targeting.as_dict()[side].items()
    }
    rest = {True: "on", False: "off", None: ""}[targeting.enabled]
    return {"rest": rest, "percent": targeting.percent, **lists}


def _change(call: CommandCall) -> Done:
    change = services.ChangeFlag(targeting=_targeting(call.data))
    return _changed(call, change)


def _kill(call: CommandCall) -> Done:
    return _changed(call, services.ChangeFlag(killed=True))


def _revive(call: CommandCall) -> Done:
    return _changed(call, services.ChangeFlag(killed=False))


def _changed(call: CommandCall, change: services.ChangeFlag) -> Done:
    services.change_flag(
        key=call.subject.name,
        input=change,
        context=call.context,
        expected_version=call.version,
        reason=call.data.get("reason", ""),
    )
    return Done(message=_("The flag is changed. Every process follows within a second."))


def _create(call: CommandCall) -> Done:
    given = dict(call.data)
    services.change_flag(key=given.pop("key"), input=services.ChangeFlag(**given), context=call.context)
    return Done(message=_("The flag is there, off for everybody."))


def _target(call: CommandCall) -> Done:
    services.target_in_shop(
        key=call.subject.name,
        targeting=_targeting(call.data),
        context=call.context,
        reason=call.data.get("reason", ""),
    )
    return Done(message=_("The flag is changed. Every process follows within a second."))


def _untarget(call: CommandCall) -> Done:
    services.target_in_shop(key=call.subject.name, targeting=None, context=call.context)
    return Done(message=_("The platform's setting holds again."))


def _own(flag: Flag) -> Targeting:
    return Targeting.from_dict(getattr(flag, "own", None) or {})


class FlagAdmin(ConsoleModelAdmin):
    """Every flag, with owner and date."""

    resource, section, position, icon = "flag", Section.OPERATIONS, 60, "flag"
    list_display = ("name", "state", "owner", "expiry", "note")
    search_fields = ("name__icontains", "owner__icontains")
    ordering = ("name",)
    fields = ("state", "owner", "expiry", "unit", "delegated", "note", "rules")
    readonly_fields = ("state", "expiry", "rules")
    wide_fields = ("rules",)
    list_commands = (
        Command("create", label=_("Add flag"), permission="flag:update", run=_create, form=NewFlagForm, icon="add"),
    )
    commands = (
        Command(
            "change",
            label=_("Target"),
            permission="flag:update",
            run=_change,
            form=TargetingForm,
            tone=Tone.PRIMARY,
            icon="tune",
            initial=lambda flag: _initial(flag.level),
        ),
        Command(
            "kill",
            label=_("Kill switch"),
            permission="flag:update",
            run=_kill,
            form=ReasonForm,
            available=lambda flag: not flag.killed,
            tone=Tone.DANGER,
            icon="power_settings_new",
            explanation=_("Off for everybody at once, whatever shops and lists say."),
            criticality=Criticality.CRITICAL,
        ),
        Command(
            "revive",
            label=_("End the kill switch"),
            permission="flag:update",
            run=_revive,
            available=lambda flag: flag.killed,
            icon="play_arrow",
        ),
    )

    @admin.display(description=_("State"))
    def state(self, flag: Flag) -> str:
        """The operators' level in a word or two."""
        return badge(_("killed"), Badge.BAD) if flag.killed else badge(flag.level.word, _tone(flag.level))

    @admin.display(description=_("Expires on"), ordering="expires_on")
    def expiry(self, flag: Flag) -> str:
        """The date, loud when it is over."""
        late = flag.expires_on < timezone.now().date()
        return badge(flag.expires_on.isoformat(), Badge.BAD) if late else flag.expires_on.isoformat()

    @admin.display(description=_("Targeting"))
    def rules(self, flag: Flag) -> str:
        """The whole level."""
        return json_view(flag.targeting, label=_("Targeting"))


class ShopFlagAdmin(ConsoleModelAdmin):
    """Every flag, as this shop has it."""

    resource, section, position, icon = "flag", Section.OPERATIONS, 60, "flag"
    list_display = ("name", "state", "here", "note")
    search_fields = ("name__icontains",)
    ordering = ("name",)
    fields = ("state", "here", "why", "note", "rules")
    readonly_fields = ("state", "here", "why", "rules")
    wide_fields = ("rules",)
    commands = (
        Command(
            "target",
            label=_("Target in this shop"),
            permission="flag:update",
            run=_target,
            form=ShopTargetingForm,
            available=lambda flag: flag.delegated,
            tone=Tone.PRIMARY,
            icon="tune",
            initial=lambda flag: _initial(_own(flag)),
        ),
        Command(
            "untarget",
            label=_("Take back"),
            permission="flag:update",
            run=_untarget,
            available=lambda flag: getattr(flag, "own", None) is not None,
            icon="undo",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the shop's own targeting."""
        own = ShopTargeting.objects.filter(flag=OuterRef("pk"), tenant_id=current_tenant().id)
        return super().get_queryset(request).annotate(own=Subquery(own.values("targeting")[:1]))

    @admin.display(description=_("For you"))
    def state(self, flag: Flag) -> str:
        """The value for who looks."""
        return badge(_("on"), Badge.GOOD) if explain(flag.name).value else badge(_("off"))

    @admin.display(description=_("In this shop"))
    def here(self, flag: Flag) -> str:
        """The shop's level in a word or two."""
        if flag.killed:
            return badge(_("killed"), Badge.BAD)
        return badge(_own(flag).word, _tone(_own(flag)))

    @admin.display(description=_("Decided by"))
    def why(self, flag: Flag) -> str:
        """The rule behind the value."""
        return explain(flag.name).rule

    @admin.display(description=_("Targeting"))
    def rules(self, flag: Flag) -> str:
        """The shop's whole level."""
        return json_view(_own(flag).as_dict(), label=_("Targeting"))


def _tone(targeting: Targeting) -> Badge:
    return {True: Badge.GOOD, False: Badge.WARN, None: Badge.NEUTRAL}[targeting.enabled]


platform_site.register(Flag, FlagAdmin)
tenant_site.register(Flag, ShopFlagAdmin)
