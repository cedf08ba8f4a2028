"""The control page of operators: decisions about the service mode and breakers, with their history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.operations.models import Override
from apps.operations.queries import sick_breakers
from apps.operations.services import Decision, force_breaker, lift_mode, reset_breaker, set_mode
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
)
from rustok.operations import Criticality
from rustok.resilience.circuit_breaker import State
from rustok.resilience.degradation import Mode

_MODES = (
    (Mode.DEGRADED.word, _("Degraded: what can wait is left out")),
    (Mode.MINIMAL.word, _("Minimal: read only")),
    (Mode.OFFLINE.word, _("Offline: nothing but the probes")),
    (Mode.FULL.word, _("Full: whatever measurements say")),
)
_STATES = (
    (State.OPEN.value, _("Open: nobody calls the dependency")),
    (State.CLOSED.value, _("Closed: everybody calls it")),
)


def _known_breakers() -> list[tuple[str, str]]:
    return [(breaker.key, f"{breaker.key} ({breaker.state})") for breaker in sick_breakers()]


class DecisionForm(CommandForm):
    """For how long, and why."""

    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=10_080, initial=30)
    reason = forms.CharField(label=_("Reason"), max_length=255, help_text=_("Stored in the audit log."))

    @staticmethod
    def decision(data: Any) -> Decision:
        """What the form says."""
        return Decision(seconds=data["minutes"] * 60, reason=data["reason"])


class ModeForm(DecisionForm):
    """A decision about the whole platform."""

    mode = forms.ChoiceField(label=_("Mode"), choices=_MODES)
    field_order = ("mode",)


class ForceForm(DecisionForm):
    """A decision about one breaker."""

    key = forms.CharField(label=_("Breaker"), max_length=300, help_text=_("dependency, or dependency:tenant:target"))
    state = forms.ChoiceField(label=_("State"), choices=_STATES)
    field_order = ("key", "state")


class ResetForm(CommandForm):
    """Which breaker."""

    key = forms.ChoiceField(label=_("Breaker"), choices=_known_breakers)


def _set_mode(call: CommandCall) -> Done:
    mode = Mode[call.data["mode"].upper()]
    set_mode(mode=mode, decision=DecisionForm.decision(call.data), context=call.context)
    return Done(message=_("Every process follows within a second."))


def _lift_mode(call: CommandCall) -> Done:
    lift_mode(context=call.context)
    return Done(message=_("Measurements decide again."))


def _force(call: CommandCall) -> Done:
    state, decision = State(call.data["state"]), DecisionForm.decision(call.data)
    force_breaker(key=call.data["key"], state=state, decision=decision, context=call.context)
    return Done(message=_("Every process follows within a second."))


def _reset(call: CommandCall) -> Done:
    reset_breaker(key=call.data["key"], context=call.context)
    return Done(message=_("The breaker is closed."))


class OverrideAdmin(ConsoleModelAdmin):
    """Decisions that hold, and those that held."""

    resource, section, position, icon = "degradation", Section.OPERATIONS, 5, "tune"
    plural = _("Modes and breakers")
    list_display = ("subject", "value", "standing", "reason", "decided_by", "ends", "decided")
    list_filter = ("kind",)
    fields = ("subject", "value", "standing", "reason", "decided_by", "decided", "ends")
    readonly_fields = ("subject", "standing", "decided", "ends")
    list_commands = (
        Command(
            "set_mode", label=_("Set the service mode"), permission="degradation:update", run=_set_mode, form=ModeForm,
            tone=Tone.PRIMARY, icon="tune", criticality=Criticality.HIGH,
            explanation=_("Holds the whole platform in a mode for a time, whatever measurements say."),
        ),
        Command(
            "lift_mode", label=_("Let measurements decide"), permission="degradation:update", run=_lift_mode,
            form=CommandForm, icon="autorenew", criticality=Criticality.HIGH,
            explanation=_("Ends the decision about the mode that holds."),
        ),
        Command(
            "force_breaker", label=_("Hold a breaker"), permission="breaker:update", run=_force, form=ForceForm,
            icon="electrical_services", criticality=Criticality.HIGH,
            explanation=_("Holds one breaker open or closed for a time, in all processes."),
        ),
        Command(
            "reset_breaker", label=_("Reset a breaker"), permission="breaker:update", run=_reset, form=ResetForm,
            icon="restart_alt", criticality=Criticality.HIGH,
            explanation=_("Closes a breaker that is open, half open or held, and forgets what is known of it."),
        ),
    )  # fmt: skip

    @admin.display(description=_("Subject"), ordering="name")
    def subject(self, row: Override) -> str:
        """What it is about."""
        return str(_("Service mode")) if row.kind == Override.KIND_MODE else row.name

    @admin.display(description=_("Status"))
    def standing(self, row: Override) -> str:
        """Whether it holds."""
        if row.lifted_at is not None:
            return badge(_("Lifted"), Badge.NEUTRAL)
        return badge(_("Over"), Badge.NEUTRAL) if row.until <= timezone.now() else badge(_("Holds"), Badge.WARN)

    @admin.display(description=_("Until"), ordering="until")
    def ends(self, row: Override) -> str:
        """When it ends by itself."""
        return moment(row.until)

    @admin.display(description=_("Decided"), ordering="decided_at")
    def decided(self, row: Override) -> str:
        """When it was decided."""
        return moment(row.decided_at)


platform_site.register(Override, OverrideAdmin)
