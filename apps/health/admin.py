"""The health wall of the operators' console: checks and their past, what depends on them, and the incidents."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from apps.health.models import STATUS_LABELS, Incident
from apps.health.queries import Period
from apps.health.wall import wall
from rustok.admin import Badge, ConsoleModelAdmin, Section, badge, moment, platform_site

_TONES: Final = {"pass": Badge.GOOD, "warn": Badge.WARN, "fail": Badge.BAD}
_PERIODS: Final = {Period.HOUR: _("1 hour"), Period.DAY: _("24 hours"), Period.MONTH: _("30 days")}
PERIOD: Final = "period"


class IncidentAdmin(ConsoleModelAdmin):
    """The wall above, the incidents below."""

    resource, section, position, icon = "health", Section.OPERATIONS, 1, "monitor_heart"
    plural = _("Health wall")
    change_list_template = "console/health.html"
    list_display = ("check_name", "state", "why", "began", "ended", "lasted")
    list_filter = ("status",)
    search_fields = ("check_name__istartswith",)
    search_help_text = _("Check")
    ordering = ("-began_at",)
    fields = ("check_name", "state", "why", "began", "ended", "lasted")
    readonly_fields = ("state", "why", "began", "ended", "lasted")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """All that is kept."""
        found: QuerySet[Incident] = super().get_queryset(request)
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list of incidents under the wall of the chosen period."""
        given = request.GET.copy()
        asked = given.pop(PERIOD, [""])[-1].upper()
        request.GET = given  # type: ignore[assignment]  # Django's list refuses parameters that are no filters
        period = Period[asked] if asked in Period.__members__ else Period.HOUR
        choices = [
            {"label": label, "name": choice.name.lower(), "current": choice is period}
            for choice, label in _PERIODS.items()
        ]
        shown = wall(period, now=timezone.now())
        extra = {"wall": shown, "periods": choices, "tones": _TONES, "labels": STATUS_LABELS}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @admin.display(description=_("Status"), ordering="status")
    def state(self, row: Incident) -> str:
        """The worst of it."""
        return badge(STATUS_LABELS[row.status], _TONES[row.status])

    @admin.display(description=_("reason"))
    def why(self, row: Incident) -> str:
        """In the reader's language."""
        return row.explanation

    @admin.display(description=_("From"), ordering="began_at")
    def began(self, row: Incident) -> str:
        """When it began."""
        return moment(row.began_at)

    @admin.display(description=_("To"), ordering="ended_at")
    def ended(self, row: Incident) -> str:
        """When it was over."""
        return moment(row.ended_at) if row.ended_at else badge(_("lasts"), Badge.BAD)

    @admin.display(description=_("Lasted"))
    def lasted(self, row: Incident) -> str:
        """For how long."""
        seconds = ((row.ended_at or timezone.now()) - row.began_at).total_seconds()
        return _("%(seconds)s s") % {"seconds": int(seconds)} if seconds < 60 else timesince(row.began_at, row.ended_at)


platform_site.register(Incident, IncidentAdmin)
