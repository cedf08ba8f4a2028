"""What people can do with an endpoint in the console: forms, and one call of a service each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.webhooks import probe, services
from apps.webhooks.errors import ReceiverRefused
from apps.webhooks.replays import Selection
from apps.webhooks.states import ENDPOINT, EndpointStatus, OrderKey
from rustok import context
from rustok.admin import Command, CommandCall, CommandForm, Done, Secret, Tone
from rustok.events import event_types


def _known_types() -> list[tuple[str, str]]:
    """Every event type of the code, by its published name."""
    names = sorted(event.wire_type() for event in event_types().values())
    return [(name, name) for name in names]


class EndpointForm(CommandForm):
    """Where to send what."""

    url = forms.CharField(
        label=_("Address"), max_length=2000, help_text=_("An https address that can be reached from here.")
    )
    description = forms.CharField(label=_("Description"), required=False, max_length=200)
    timeout_seconds = forms.IntegerField(
        label=_("Time limit, seconds"), min_value=0, max_value=60, initial=0, help_text=_("0: the platform's limit.")
    )
    event_types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=_known_types,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to receive every event."),
    )


class NewEndpointForm(EndpointForm):
    """The order is chosen once."""

    order_key = forms.ChoiceField(
        label=_("Delivery order"),
        choices=OrderKey.choices,
        help_text=_("Cannot be changed later. One by one: a refused event holds up all later ones."),
    )
    field_order = ("url", "description", "order_key", "timeout_seconds", "event_types")


class RotateForm(CommandForm):
    """How long the old secret goes on."""

    overlap_hours = forms.IntegerField(
        label=_("Overlap, hours"), min_value=0, max_value=168, initial=24,
        help_text=_("So long both secrets sign. 0 retires the old one at once."),
    )  # fmt: skip


class PauseForm(CommandForm):
    """Why deliveries stop."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)


class ReplayForm(CommandForm):
    """What to send again."""

    after = forms.IntegerField(
        label=_("After position"), min_value=0, initial=0, help_text=_("0 sends the whole log again.")
    )
    until = forms.IntegerField(label=_("Up to position"), min_value=0, required=False)
    since = forms.DateTimeField(
        label=_("Recorded since"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    before = forms.DateTimeField(
        label=_("Recorded before"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    event_types = forms.MultipleChoiceField(
        label=_("Events"), choices=_known_types, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to send every event."),
    )  # fmt: skip
    dry_run = forms.BooleanField(
        label=_("Only show how many would be sent"), initial=True, required=False,
        help_text=_("Clear this to send them."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Count instead of sending, while the dry run is ticked."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        chosen = Selection(
            data["after"], data["until"], data["since"], data["before"], tuple(data["event_types"])
        )  # fmt: skip
        if data["dry_run"]:
            extent = services.preview_replay(
                endpoint_id=self.subject.pk, selection=chosen, context=context.current()
            )  # fmt: skip
            self.preview = str(_("%(count)s events would be sent again.") % {"count": extent.events})
        return data | {"selection": chosen}


def _create(call: CommandCall) -> Done:
    made = services.create_endpoint(context=call.context, **call.data)
    return Done(
        message=_("Events are sent to %(url)s from now on.") % {"url": made.endpoint.url},
        location=reverse("admin:webhooks_webhookendpoint_change", args=[made.endpoint.pk]),
        secrets=(Secret(_("Signing secret"), made.secret),),
    )


def _update(call: CommandCall) -> Done:
    services.update_endpoint(
        endpoint_id=call.subject.pk, context=call.context, expected_version=call.version, **call.data
    )
    return Done(message=_("The endpoint is changed."))


def _pause(call: CommandCall) -> Done:
    services.pause_endpoint(
        endpoint_id=call.subject.pk, reason=call.data["reason"], context=call.context, expected_version=call.version
    )
    return Done(message=_("Deliveries are paused; events wait."))


def _resume(call: CommandCall) -> Done:
    services.activate_endpoint(endpoint_id=call.subject.pk, context=call.context, expected_version=call.version)
    return Done(message=_("Deliveries go on, beginning with what waited."))


def _rotate(call: CommandCall) -> Done:
    rotated = services.rotate_secret(
        endpoint_id=call.subject.pk,
        overlap=timedelta(hours=call.data["overlap_hours"]),
        context=call.context,
        expected_version=call.version,
    )
    return Done(
        message=_("The endpoint has a new signing secret."), secrets=(Secret(_("Signing secret"), rotated.secret),)
    )


def _test(call: CommandCall) -> Done:
    result = probe.send_test(endpoint_id=call.subject.pk, context=call.context)
    if not result.succeeded:
        raise ReceiverRefused(reason=result.error)
    return Done(
        message=_("The receiver took the test message: %(status)s, %(count)s ms.")
        % {"status": result.status_code, "count": result.duration_ms}
    )


def _replay(call: CommandCall) -> Done:
    selection: Selection = call.data["selection"]
    if selection.is_tail:
        count = services.replay_endpoint(endpoint_id=call.subject.pk, after=selection.after, context=call.context)
    else:
        replay = services.start_replay(endpoint_id=call.subject.pk, selection=selection, context=call.context)
        count = replay.events if replay else 0
    return Done(message=_("%(count)s events are sent again.") % {"count": count})


def _delete(call: CommandCall) -> Done:
    services.delete_endpoint(endpoint_id=call.subject.pk, context=call.context)
    return Done(message=_("The endpoint is deleted."), location=reverse("admin:webhooks_webhookendpoint_changelist"))


COMMANDS = (
    Command(
        "resume", label=_("Resume"), permission="webhook:update", run=_resume,
        available=lambda endpoint: ENDPOINT.allows(endpoint.status, EndpointStatus.ACTIVE),
        tone=Tone.PRIMARY, icon="play_arrow",
    ),
    Command(
        "pause", label=_("Pause"), permission="webhook:update", run=_pause, form=PauseForm,
        available=lambda endpoint: ENDPOINT.allows(endpoint.status, EndpointStatus.PAUSED), icon="pause",
        explanation=_("Nothing is lost: events wait until deliveries are resumed."),
    ),
    Command(
        "update", label=_("Edit"), permission="webhook:update", run=_update, form=EndpointForm, icon="edit",
        initial=lambda endpoint: {name: getattr(endpoint, name) or "" for name in ("url", "description")}
        | {"event_types": endpoint.event_types, "timeout_seconds": endpoint.timeout_seconds or 0},
    ),
    Command(
        "replay", label=_("Replay"), permission="webhook:replay", run=_replay, form=ReplayForm, icon="replay",
        explanation=_("Receivers know repeated events by their id."),
    ),
    Command(
        "test", label=_("Send test"), permission="webhook:update", run=_test, icon="send",
    ),
    Command(
        "rotate", label=_("Rotate secret"), permission="webhook:update", run=_rotate, form=RotateForm, icon="key",
        explanation=_("The new secret is shown once, right after this."),
    ),
    Command(
        "delete", label=_("Delete"), permission="webhook:delete", run=_delete, form=CommandForm,
        tone=Tone.DANGER, icon="delete",
        explanation=_("The endpoint and its delivery log are removed. This cannot be undone."),
    ),
)  # fmt: skip

LIST_COMMANDS = (
    Command(
        "create", label=_("Add endpoint"), permission="webhook:create", run=_create, form=NewEndpointForm,
        tone=Tone.PRIMARY, icon="add", explanation=_("The signing secret is shown once, right after this."),
    ),
)  # fmt: skip
