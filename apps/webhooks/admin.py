"""Webhook endpoints and the log of deliveries in the tenant's console, by the services of this app."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.webhooks.commands import COMMANDS, LIST_COMMANDS
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.queries import deliveries, replays, request_excerpt
from apps.webhooks.states import EndpointStatus
from rustok import context
from rustok.admin import Badge, ConsoleModelAdmin, Section, badge, moment, tenant_site

_TONES = {
    EndpointStatus.ACTIVE: Badge.GOOD,
    EndpointStatus.PAUSED: Badge.WARN,
    EndpointStatus.DISABLED: Badge.BAD,
    EndpointStatus.FAILING: Badge.BAD,
}
_SHOWN_DELIVERIES = 50
_SHOWN_REPLAYS = 5


class EndpointAdmin(ConsoleModelAdmin):
    """Who receives the shop's events."""

    resource, section, position, icon = "webhook", Section.INTEGRATION, 10, "webhook"
    list_display = ("url", "wanted", "status_badge", "created")
    list_filter = ("status",)
    search_fields = ("url__icontains", "description__icontains")
    search_help_text = _("Address or description")
    fields = (
        "url",
        "status_badge",
        "description",
        "status_reason",
        "failing_from",
        "next_probe",
        "wanted",
        "order_key",
        "time_limit",
        "old_secret",
        "created",
    )
    readonly_fields = ("status_badge", "failing_from", "next_probe", "wanted", "time_limit", "old_secret", "created")
    wide_fields = ("wanted",)
    change_form_template = "console/endpoint.html"
    list_commands = LIST_COMMANDS
    commands = COMMANDS

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The last deliveries and replays: three statements."""
        latest = deliveries(endpoint_id=subject.pk).order_by("-id")[:_SHOWN_DELIVERIES]
        return {
            "heading_badge": self.status_badge(subject),
            "replays": replays(subject.pk)[:_SHOWN_REPLAYS],
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

    @admin.display(description=_("Failing since"))
    def failing_from(self, endpoint: WebhookEndpoint) -> str:
        """Since when nothing was delivered."""
        return moment(endpoint.failing_since) if endpoint.failing_since else "—"

    @admin.display(description=_("Next probe"))
    def next_probe(self, endpoint: WebhookEndpoint) -> str:
        """When a test message asks whether the receiver is back."""
        failing = endpoint.status == EndpointStatus.FAILING and endpoint.next_probe_at
        return moment(endpoint.next_probe_at) if failing else "—"

    @admin.display(description=_("Time limit"))
    def time_limit(self, endpoint: WebhookEndpoint) -> str:
        """How long an answer may take."""
        own = endpoint.timeout_seconds
        return str(_("%(count)s s") % {"count": own}) if own else str(_("the platform's"))

    @admin.display(description=_("Old secret signs until"))
    def old_secret(self, endpoint: WebhookEndpoint) -> str:
        """The end of the overlap after a rotation."""
        until = endpoint.previous_secret_until
        return moment(until) if until and until > timezone.now() else "—"

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
        "sent_excerpt",
        "response_excerpt",
    )
    readonly_fields = ("event_link", "result", "endpoint_url", "position_number", "took", "when", "sent_excerpt")
    wide_fields = ("sent_excerpt", "response_excerpt")

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

    @admin.display(description=_("Sent"))
    def sent_excerpt(self, delivery: Delivery) -> str:
        """The beginning of what was posted, made from the event."""
        here = context.current()
        excerpt = request_excerpt(delivery, context=here)
        if excerpt is None and not here.allows("event:read"):
            return "—"
        if excerpt is None:
            return str(_("The event is no longer in the log."))
        return format_html('<span class="rk-code">{}</span>', excerpt)

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
