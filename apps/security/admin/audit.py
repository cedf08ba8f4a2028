"""The audit log in both consoles: looked up by index, page by page from a cursor; shredding of a person's data."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied as Forbidden
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from apps.security.chain.personal import REVEAL, SUBJECT, reveal
from apps.security.chain.search import AuditSearch, search
from apps.security.chain.shredding import ACTION, shred
from apps.security.models import AuditEntry
from rustok import context
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
from rustok.policy import ResourceGuard

PAGE: Final = 25
_MINUTES: Final = "%Y-%m-%dT%H:%M"
_OUTCOMES: Final = (("", _("any")), ("ok", _("ok")), ("refused", _("refused")))


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES)
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=[_MINUTES])


class SearchForm(forms.Form):
    """What to look for; every field that is filled in narrows the list."""

    q = forms.CharField(label=_("Words"), required=False, max_length=200)
    actor = forms.CharField(label=_("Actor"), required=False, max_length=200, help_text=_("kind:id, as in user:…"))
    action = forms.CharField(
        label=_("Action"), required=False, max_length=100, help_text=_("order:create, or its beginning: order:*")
    )
    target = forms.CharField(label=_("Object"), required=False, max_length=200, help_text=_("its id"))
    subject = forms.CharField(
        label=_("Person"), required=False, max_length=200, help_text=_("whose data is in the entry: customer:…")
    )
    trace_id = forms.CharField(label=_("Trace"), required=False, max_length=32)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=_OUTCOMES)
    since = _moment(_("From"))
    until = _moment(_("Until"))

    def wanted(self) -> AuditSearch:
        """The search; fields that cannot be read narrow nothing, and say so themselves."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        return AuditSearch(text=given.pop("q", ""), **given)

    @property
    def narrowed(self) -> bool:
        """Whether any field beside the words is filled in."""
        return any(value for name, value in self.data.items() if name in self.fields and name != "q")


class ShredForm(CommandForm):
    """Whose data, and why; asked twice."""

    subject = forms.CharField(label=_("Person"), max_length=200, help_text=_("customer:<id> or user:<id>"))
    reason = forms.CharField(label=_("Reason"), max_length=255, help_text=_("Stored in the audit log."))
    sure = forms.BooleanField(label=_("Yes, for ever."))

    def clean_subject(self) -> str:
        """The form of a reference."""
        subject = str(self.cleaned_data["subject"]).strip()
        if not SUBJECT.fullmatch(subject):
            raise ValidationError(_("Write a person as kind:id."))
        return subject


def _shred(call: CommandCall) -> Done:
    receipt = shred(subject=call.data["subject"], reason=call.data["reason"], context=call.context)
    if receipt.already:
        return Done(message=_("The data of %(who)s was shredded before.") % {"who": receipt.subject})
    facts = {"who": receipt.subject, "count": receipt.entries}
    return Done(message=_("The data of %(who)s is shredded, in %(count)s entries.") % facts)


class AuditAdmin(ConsoleModelAdmin):
    """What was done, by whom. Nobody changes it here or anywhere."""

    resource, section, position, icon = "audit", Section.ACCESS, 30, "fact_check"
    plural = _("Audit log")
    fields = (
        *("what", "outcome_badge", "who", "when", "target", "reason"),
        *("address", "request_id", "trace_id", "standing", "facts"),
    )
    readonly_fields = ("what", "outcome_badge", "who", "when", "standing", "facts")
    wide_fields = ("facts",)
    list_commands = (
        Command(
            "shred",
            label=_("Shred a person's data"),
            permission=ACTION,
            run=_shred,
            form=ShredForm,
            tone=Tone.DANGER,
            icon="delete_forever",
            explanation=_(
                "Destroys the key under which the log keeps what it knows about a person. Entries and chain stay."
            ),
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The newest entries that fit, and the way to older and newer ones. One statement; nothing is counted."""
        if not self.has_view_permission(request):
            raise Forbidden
        form = SearchForm(request.GET)
        rows = ResourceGuard("audit", context.current()).visible(search(form.wanted()))
        entries, links = _page(rows, request.GET)
        page = self.page_context(request, title=self.title, subject=None) | {
            "form": form,
            "entries": entries,
            "rows": [self._row(entry) for entry in entries],
            "links": links,
            "list_url": "",
            "command_links": self.command_links(self.list_commands, None),
        }
        return TemplateResponse(request, "console/audit.html", page)

    def _row(self, entry: AuditEntry) -> dict[str, Any]:
        return {
            "entry": entry,
            "url": self.address_of(entry),
            "who": self.who(entry),
            "outcome": self.outcome_badge(entry),
        }

    @admin.display(description=_("Action"))
    def what(self, entry: AuditEntry) -> str:
        """`resource:verb`."""
        return entry.action

    @admin.display(description=_("Actor"))
    def who(self, entry: AuditEntry) -> str:
        """The actor's name and kind."""
        kind, _colon, name = entry.actor.partition(":")
        return f"{entry.actor_label or name} ({kind})"

    @admin.display(description=_("Outcome"))
    def outcome_badge(self, entry: AuditEntry) -> str:
        """How it ended."""
        return badge(entry.outcome, Badge.GOOD if entry.outcome == "ok" else Badge.BAD)

    @admin.display(description=_("Time"))
    def when(self, entry: AuditEntry) -> str:
        """When it was done."""
        return moment(entry.occurred_at)

    @admin.display(description=_("In the chain"))
    def standing(self, entry: AuditEntry) -> str:
        """Its number, or that it has none yet."""
        return badge(f"№ {entry.number}", Badge.GOOD) if entry.number else badge(_("not yet chained"), Badge.WARN)

    @admin.display(description=_("Details"))
    def facts(self, entry: AuditEntry) -> str:
        """The details as JSON; personal data for who may see it, as long as its key lives."""
        permitted = ResourceGuard(entry, context.current()).allows(REVEAL.partition(":")[2])
        (details,) = reveal([(entry.pk, entry.details)], permitted=permitted)
        return json_view(details, label=_("Details"))


def _page(rows: QuerySet[AuditEntry], query: QueryDict) -> tuple[list[AuditEntry], dict[str, str]]:
    """A page of entries, and the addresses of the pages beside it."""
    before, after = _uuid(query.get("before")), _uuid(query.get("after"))
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: PAGE + 1])
        more_new, more_old = len(found) > PAGE, True
        found = found[:PAGE][::-1]
    else:
        found = list((rows.filter(id__lt=before) if before is not None else rows)[: PAGE + 1])
        more_new, more_old = before is not None, len(found) > PAGE
        found = found[:PAGE]
    links = {}
    if found and more_new:
        links["newer"] = _address(query, after=str(found[0].pk))
    if found and more_old:
        links["older"] = _address(query, before=str(found[-1].pk))
    return found, links


def _address(query: QueryDict, **cursor: str) -> str:
    changed = query.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    changed.update(cursor)
    return f"?{changed.urlencode()}"


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


for _site in (platform_site, tenant_site):
    _site.register(AuditEntry, AuditAdmin)
