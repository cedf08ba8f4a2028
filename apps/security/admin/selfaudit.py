"""The self-audit on the operators' console: how the running site answers, scored, with what to set."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.models import SelfAuditRun
from apps.security.selfaudit.rules import LABELS, PASS, RULES, Severity
from apps.security.selfaudit.services import PERMISSION, STUCK, start
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    ConsoleModelAdmin,
    Done,
    Section,
    Tone,
    badge,
    moment,
    platform_site,
)
from rustok.operations import Criticality

_TONES = {Severity.CRITICAL: Badge.BAD, Severity.HIGH: Badge.BAD, Severity.MEDIUM: Badge.WARN, Severity.LOW: Badge.INFO}
_DOCS = "docs/security.md#"


def _start(call: CommandCall) -> Done:
    row = start(context=call.context)
    return Done(
        message=_("The site is being asked; this takes a few seconds."),
        location=reverse("admin:security_selfauditrun_change", args=[row.pk]),
    )


class SelfAuditAdmin(ConsoleModelAdmin):
    """Looks at the running site, newest first."""

    resource, section, position, icon = "self_audit", Section.OPERATIONS, 90, "verified_user"
    plural = _("Self-audit")
    list_display = ("when", "points", "bad", "asked_by")
    list_display_links = ("when",)
    fields = ("points", "bad", "good", "when", "asked_by")
    readonly_fields = ("when", "points", "bad", "good")
    change_form_template = "console/selfaudit.html"
    list_commands = (
        Command(
            "run",
            label=_("Ask the site now"),
            permission=PERMISSION,
            run=_start,
            tone=Tone.PRIMARY,
            icon="play_arrow",
            criticality=Criticality.LOW,
        ),
    )

    @admin.display(description=_("Started"))
    def when(self, row: SelfAuditRun) -> str:
        """When the look began."""
        return moment(row.started_at)

    @admin.display(description=_("Score"))
    def points(self, row: SelfAuditRun) -> str:
        """Of a hundred; 80 pass."""
        if row.score is None:
            return badge(_("running"), Badge.INFO)
        return badge(str(row), Badge.GOOD if row.score >= PASS else Badge.BAD)

    @admin.display(description=_("Findings"))
    def bad(self, row: SelfAuditRun) -> str:
        """How many rules are broken."""
        return str(len(row.findings))

    @admin.display(description=_("Rules that pass"))
    def good(self, row: SelfAuditRun) -> str:
        """How many are not."""
        return str(len(row.passed))

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The findings with their texts in the reader's language. No statement."""
        rules = {rule.code: rule for rule in RULES}
        return {
            "findings": [_shown(finding, rules.get(finding["code"])) for finding in subject.findings],
            "passing": [rules[code].title for code in subject.passed if code in rules],
            "waiting": subject.finished_at is None and timezone.now() - subject.started_at < STUCK,
        }


def _shown(finding: dict[str, Any], rule: Any) -> dict[str, Any]:
    severity = Severity(finding["severity"])
    return {
        "severity": severity.value,
        "badge": badge(LABELS[severity], _TONES[severity]),
        "title": rule.title if rule is not None else finding.get("title", finding["code"]),
        "advice": rule.advice if rule is not None else finding.get("advice", ""),
        "seen": finding["seen"],
        "code": finding["code"],
        "docs": _DOCS + (rule.docs if rule is not None else "before-production"),
    }


platform_site.register(SelfAuditRun, SelfAuditAdmin)
