"""The audit log in both consoles."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.security.models import AuditEntry
from rustok.admin import Badge, ConsoleModelAdmin, Section, badge, json_view, moment, platform_site, tenant_site


class AuditAdmin(ConsoleModelAdmin):
    """What was done, by whom. Nobody changes it here or anywhere."""

    resource, section, position, icon = "audit", Section.ACCESS, 30, "fact_check"
    plural = _("Audit log")
    list_display = ("what", "who", "target", "outcome_badge", "when")
    list_display_links = ("what",)
    search_fields = ("action__startswith", "target", "actor_label__istartswith")
    search_help_text = _("Action, target or actor")
    list_filter = ("outcome",)
    fields = ("what", "outcome_badge", "who", "when", "target", "reason", "address", "request_id", "trace_id", "facts")
    readonly_fields = ("what", "outcome_badge", "who", "when", "facts")
    wide_fields = ("facts",)

    @admin.display(description=_("Action"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        """`resource:verb`."""
        return entry.action

    @admin.display(description=_("Actor"), ordering="actor_label")
    def who(self, entry: AuditEntry) -> str:
        """The actor's name and kind."""
        return f"{entry.actor_label} ({entry.actor.partition(':')[0]})"

    @admin.display(description=_("Outcome"), ordering="outcome")
    def outcome_badge(self, entry: AuditEntry) -> str:
        """How it ended."""
        return badge(entry.outcome, Badge.GOOD if entry.outcome == "ok" else Badge.BAD)

    @admin.display(description=_("Time"), ordering="id")
    def when(self, entry: AuditEntry) -> str:
        """When it was done."""
        return moment(entry.occurred_at)

    @admin.display(description=_("Details"))
    def facts(self, entry: AuditEntry) -> str:
        """The details as JSON."""
        return json_view(entry.details, label=_("Details"))


for _site in (platform_site, tenant_site):
    _site.register(AuditEntry, AuditAdmin)
