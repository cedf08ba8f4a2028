"""Webhook endpoints and the log of deliveries in the tenant's console, by the services of this app."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.webhooks import services
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.queries import deliveries
from apps.webhooks.states import ENDPOINT, EndpointStatus
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
    tenant_site,
)
from rustok.events import event_types

_TONES = {EndpointStatus.ACTIVE: Badge.GOOD, EndpointStatus.PAUSED: Badge.WARN, EndpointStatus.DISABLED: Badge.BAD}
_SHOWN_DELIVERIES = 50


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
    event_types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=_known_types,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to receive every event."),
    )


class PauseForm(CommandForm):
    """Why deliveries stop."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)


class ReplayForm(CommandForm):
    """From where to send again."""

    after = forms.IntegerField(
        label=_("After position"), min_value=0, initial=0, help_text=_("0 sends the whole log again.")
    )


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


def _replay(call: CommandCall) -> Done:
    count = services.replay_endpoint(endpoint_id=call.subject.pk, after=call.data["after"], context=call.context)
    return Done(message=_("%(count)s events are sent again.") % {"count": count})


def _delete(call: CommandCall) -> Done:
    services.delete_endpoint(endpoint_id=call.subject.pk, context=call.context)
    return Done(message=_("The endpoint is deleted."), location=reverse("admin:webhooks_webhookendpoint_changelist"))


_COMMANDS = (
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
        initial=lambda endpoint: {name: getattr(endpoint, name) for name in EndpointForm.base_fields},
    ),
    Command(
        "replay", label=_("Replay"), permission="webhook:replay", run=_replay, form=ReplayForm, icon="replay",
        explanation=_("Receivers know repeated events by their id."),
    ),
    Command(
        "delete", label=_("Delete"), permission="webhook:delete", run=_delete, form=CommandForm,
        tone=Tone.DANGER, icon="delete",
        explanation=_("The endpoint and its delivery log are removed. This cannot be undone."),
    ),
)  # fmt: skip


class EndpointAdmin(ConsoleModelAdmin):
    """Who receives the shop's events."""

    resource, section, position, icon = "webhook", Section.INTEGRATION, 10, "webhook"
    list_display = ("url", "wanted", "status_badge", "created")
    list_filter = ("status",)
    search_fields = ("url__icontains", "description__icontains")
    search_help_text = _("Address or description")
    fields = ("url", "status_badge", "description", "status_reason", "wanted", "created")
    readonly_fields = ("status_badge", "wanted", "created")
    wide_fields = ("wanted",)
    change_form_template = "console/endpoint.html"
    list_commands = (
        Command(
            "create", label=_("Add endpoint"), permission="webhook:create", run=_create, form=EndpointForm,
            tone=Tone.PRIMARY, icon="add", explanation=_("The signing secret is shown once, right after this."),
        ),
    )  # fmt: skip
    commands = _COMMANDS

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The last deliveries: one statement."""
        latest = deliveries(endpoint_id=subject.pk).order_by("-id")[:_SHOWN_DELIVERIES]
        return {
            "heading_badge": self.status_badge(subject),
            "deliveries": [{"delivery": delivery, "result": result_badge(delivery)} for delivery in latest],
        }

    @admin.display(description=_("Events"))
    def wanted(self, endpoint: WebhookEndpoint) -> str:
        """Which events are sent."""
        return ", ".join(endpoint.event_types) or str(_("all"))

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, endpoint: WebhookEndpoint) -> str:
        """Whether events are sent."""
        status = EndpointStatus(endpoint.status)
        return badge(status.label, _TONES[status])

    @admin.display(description=_("Created"), ordering="created_at")
    def created(self, endpoint: WebhookEndpoint) -> str:
        """When it was added."""
        return moment(endpoint.created_at)


class DeliveryAdmin(ConsoleModelAdmin):
    """Every attempt to hand an event over."""

    resource, section, position, icon = "delivery", Section.INTEGRATION, 20, "outbox"
    list_display = ("event_type", "result", "endpoint_url", "position_number", "took", "when")
    list_select_related = ("endpoint",)
    list_filter = ("succeeded",)
    search_fields = ("stream__startswith", "event_type__startswith")
    search_help_text = _("Stream or event type")
    fields = (
        "event_link",
        "result",
        "endpoint_url",
        "stream",
        "position_number",
        "took",
        "when",
        "error",
        "response_excerpt",
    )
    readonly_fields = ("event_link", "result", "endpoint_url", "position_number", "took", "when")
    wide_fields = ("response_excerpt",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """With the endpoint, for the page of one delivery too."""
        return super().get_queryset(request).select_related("endpoint")

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """What was delivered, as the heading."""
        return {"title": subject.event_type, "heading_badge": result_badge(subject)}

    @admin.display(description=_("Event"))
    def event_link(self, delivery: Delivery) -> str:
        """The event that was sent."""
        url = reverse("admin:events_event_change", args=[delivery.event_id])
        return format_html('<a href="{}">{}</a>', url, delivery.event_type)

    @admin.display(description=_("Result"), ordering="succeeded")
    def result(self, delivery: Delivery) -> str:
        """How it went."""
        return result_badge(delivery)

    @admin.display(description=_("Endpoint"), ordering="endpoint__url")
    def endpoint_url(self, delivery: Delivery) -> str:
        """Where it went."""
        return format_html('<span class="rk-clip" title="{0}">{0}</span>', delivery.endpoint.url)

    @admin.display(description=_("Position"))
    def position_number(self, delivery: Delivery) -> int:
        """The event's place in the log."""
        return delivery.position

    @admin.display(description=_("Duration"), ordering="duration_ms")
    def took(self, delivery: Delivery) -> str:
        """How long the receiver took."""
        return _("%(count)s ms") % {"count": delivery.duration_ms}

    @admin.display(description=_("Time"), ordering="id")
    def when(self, delivery: Delivery) -> str:
        """When it was tried."""
        return moment(delivery.attempted_at)


def result_badge(delivery: Delivery) -> str:
    """Delivered, or what the receiver said."""
    code = delivery.status_code or _("no answer")
    return badge(f"{code}", Badge.GOOD if delivery.succeeded else Badge.BAD)


tenant_site.register(WebhookEndpoint, EndpointAdmin)
tenant_site.register(Delivery, DeliveryAdmin)
