"""The event explorer, and who reads the log: on both consoles, because the platform has a log of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.events import services
from apps.events.models import DeadLetter, Event
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
    json_view,
    moment,
    platform_site,
    tenant_site,
)
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work
from rustok.events import event_types


class TypeFilter(admin.SimpleListFilter):
    """By type; the choices come from the code, so they cost no query."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every type that the code knows."""
        names = sorted({name for name, _version in event_types()})
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Keep the chosen type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class EventAdmin(ConsoleModelAdmin):
    """Every fact of this log, newest first."""

    resource, section, position, icon = "event", Section.INTEGRATION, 30, "data_object"
    plural = _("Events")
    list_display = ("type_name", "position_badge", "stream_name", "version", "when")
    list_filter = (TypeFilter,)
    search_fields = ("stream__startswith",)
    search_help_text = _("Stream, for example order-…")
    ordering = ("-id",)  # time ordered, and indexed; seq is indexed only until an event has its position
    fields = ("type_name", "position_badge", "stream_name", "version", "when", "document", "circumstances")
    readonly_fields = ("type_name", "position_badge", "stream_name", "when", "document", "circumstances")
    wide_fields = ("document", "circumstances")

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The published name as the heading."""
        return {"title": self.type_name(subject), "heading_badge": self.position_badge(subject)}

    @admin.display(description=_("Type"), ordering="type")
    def type_name(self, event: Event) -> str:
        """The published name with its version."""
        return f"{event.type}.v{event.schema_version}"

    @admin.display(description=_("Position"), ordering="id")
    def position_badge(self, event: Event) -> str:
        """The place in the log; given right after the commit."""
        return badge(str(event.position), Badge.INFO) if event.position else badge(_("not numbered yet"), Badge.WARN)

    @admin.display(description=_("Stream"), ordering="stream")
    def stream_name(self, event: Event) -> str:
        """The thing that the fact is about."""
        return event.stream

    @admin.display(description=_("Time"))
    def when(self, event: Event) -> str:
        """When it was recorded."""
        return moment(event.recorded_at)

    @admin.display(description=_("Data"))
    def document(self, event: Event) -> str:
        """The fact as JSON."""
        return json_view(event.data, label=_("Data"))

    @admin.display(description=_("Metadata"))
    def circumstances(self, event: Event) -> str:
        """Actor, causation, correlation and trace as JSON."""
        return json_view(event.metadata, label=_("Metadata"))


def _redrive(call: CommandCall) -> Done:
    with unit_of_work() as uow:
        services.redrive(letters=DeadLetter.objects.filter(pk=call.subject.pk))
        uow.audit(AuditEntry(action="event:redrive", target=str(call.subject.event_id)))
    return Done(message=_("The event is tried once more."))


class DeadLetterAdmin(ConsoleModelAdmin):
    """What a receiver could not take after all attempts."""

    resource, section, position, icon = "event", Section.INTEGRATION, 40, "report"
    plural = _("Dead letters")
    list_display = ("type", "receiver", "stream_name", "place", "tries", "when")
    list_select_related = ("subscription",)
    search_fields = ("stream__startswith", "type__startswith")
    search_help_text = _("Stream or event type")
    ordering = ("-id",)
    fields = ("type", "receiver", "stream_name", "place", "tries", "when", "why")
    readonly_fields = ("receiver", "stream_name", "place", "tries", "when", "why")
    wide_fields = ("why",)
    commands = (
        Command(
            "redrive", label=_("Try again"), permission="event:redrive", run=_redrive, form=CommandForm,
            available=lambda letter: not letter.redrive, tone=Tone.PRIMARY, icon="replay",
            explanation=_("The event arrives out of its order: what came after it was delivered long ago."),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """With the subscription, for the page of one letter too."""
        return super().get_queryset(request).select_related("subscription")

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The event's type as the heading."""
        return {"title": subject.type}

    @admin.display(description=_("Receiver"), ordering="subscription__name")
    def receiver(self, letter: DeadLetter) -> str:
        """Who could not take it."""
        return letter.subscription.name

    @admin.display(description=_("Stream"), ordering="stream")
    def stream_name(self, letter: DeadLetter) -> str:
        """The thing that the fact is about."""
        return letter.stream

    @admin.display(description=_("Position"), ordering="position")
    def place(self, letter: DeadLetter) -> int:
        """The event's place in the log."""
        return letter.position

    @admin.display(description=_("Attempts"), ordering="attempts")
    def tries(self, letter: DeadLetter) -> int:
        """How often it was tried."""
        return letter.attempts

    @admin.display(description=_("Time"), ordering="id")
    def when(self, letter: DeadLetter) -> str:
        """When it was given up."""
        return moment(letter.died_at)

    @admin.display(description=_("Reason"))
    def why(self, letter: DeadLetter) -> str:
        """What the last attempt said."""
        return letter.reason


for _site in (platform_site, tenant_site):
    _site.register(Event, EventAdmin)
    _site.register(DeadLetter, DeadLetterAdmin)
