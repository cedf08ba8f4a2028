"""The event explorer, and who reads the log: on both consoles, because the platform has a log of its own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.events import queries, services
from apps.events.letters import LEAST_PER_SECOND, MOST_PER_SECOND, Chosen
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
    services.redrive(chosen=Chosen(ids=[call.subject.pk]))
    return Done(message=_("The event is tried once more."))


def _subscriptions() -> list[tuple[str, str | Promise]]:
    names = (
        queries.dead_letters().order_by("subscription__name").values_list("subscription__name", flat=True).distinct()
    )
    return [("", _("All")), *((name, name) for name in names)]


def _types() -> list[tuple[str, str | Promise]]:
    names = queries.dead_letters().order_by("type").values_list("type", flat=True).distinct()
    return [("", _("All")), *((name, name) for name in names)]


class RedriveForm(CommandForm):
    """Which dead letters, how fast; first it only says how many that would be."""

    subscription = forms.ChoiceField(label=_("Receiver"), choices=_subscriptions, required=False)
    event_type = forms.ChoiceField(label=_("Type"), choices=_types, required=False)
    first = forms.IntegerField(label=_("From position"), min_value=0, required=False)
    last = forms.IntegerField(label=_("To position"), min_value=0, required=False)
    per_second = forms.FloatField(
        label=_("Tries per second"),
        min_value=LEAST_PER_SECOND,
        max_value=MOST_PER_SECOND,
        required=False,
        help_text=_("Empty: all at once."),
    )
    dry_run = forms.BooleanField(
        label=_("Only show how many would be tried"), initial=True, required=False,
        help_text=_("Clear this to try them."),
    )  # fmt: skip

    def chosen(self) -> Chosen:
        """The letters that the form describes; nothing filled in means all."""
        given = {name: self.cleaned_data.get(name) for name in ("subscription", "event_type", "first", "last")}
        return Chosen(every=True, **{name: None if value == "" else value for name, value in given.items()})

    def clean(self) -> dict[str, Any]:
        """Count instead of trying, while the dry run is ticked."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("dry_run") and not self.errors:
            count = services.redrive(chosen=self.chosen(), dry_run=True).matched
            self.preview = _("%(count)s dead letters would be tried again.") % {"count": count}
        return data | {"chosen": self.chosen()}


def _redrive_many(call: CommandCall) -> Done:
    done = services.redrive(chosen=call.data["chosen"], per_second=call.data["per_second"])
    return Done(message=_("%(count)s dead letters are tried again.") % {"count": done.redriven})


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
    list_commands = (
        Command(
            "redrive_many", label=_("Try many again"), permission="event:redrive", run=_redrive_many, form=RedriveForm,
            tone=Tone.PRIMARY, icon="replay",
            explanation=_("Events arrive out of their order: what came after them was delivered long ago."),
        ),
    )  # fmt: skip
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
