"""Sessions and break-glass visits in both consoles, and the pages of signing in and of one's own account."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.identity import visits
from apps.security.identity.devices import label
from apps.security.identity.pages.commands import END_SESSION, POLICY
from apps.security.identity.pages.forms import VisitForm
from apps.security.identity.pages.routes import add_pages
from apps.security.identity.pages.visiting import start_page
from apps.security.models import BreakGlass, ConsoleSession
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
    moment,
    platform_site,
    tenant_site,
)


class SessionAdmin(ConsoleModelAdmin):
    """Who is signed in, from where."""

    resource, section, position, icon = "session", Section.ACCESS, 12, "devices"
    list_display = ("who", "browser", "address", "by", "seen", "began")
    search_fields = ("user__username", "address")
    search_help_text = _("User name or address")
    list_select_related = ("user",)
    fields = ("who", "browser", "device", "address", "by", "began", "seen", "ends")
    readonly_fields = ("who", "browser", "by", "began", "seen", "ends")
    list_commands = (POLICY,)
    commands = (END_SESSION,)

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Who may see everybody's; one's own stand on the account's page."""
        return context.current().allows("session:read")

    def get_queryset(self, request: Any) -> Any:
        """Sessions of somebody; what a browser keeps before it has signed in is nothing to see."""
        return super().get_queryset(request).filter(expires_at__gt=timezone.now()).exclude(user=None, visit_id=None)

    @admin.display(description=_("User"), ordering="user__username")
    def who(self, session: ConsoleSession) -> str:
        """The person."""
        return session.user.username if session.user is not None else str(_("break-glass visit"))

    @admin.display(description=_("Device"))
    def browser(self, session: ConsoleSession) -> str:
        """What people call it."""
        return label(session.device)

    @admin.display(description=_("Signed in by"), ordering="method")
    def by(self, session: ConsoleSession) -> str:
        """How the person proved who it is."""
        return session.method or "—"

    @admin.display(description=_("Last seen"), ordering="seen_at")
    def seen(self, session: ConsoleSession) -> str:
        """The last use, to a minute."""
        return moment(session.seen_at)

    @admin.display(description=_("Since"), ordering="created_at")
    def began(self, session: ConsoleSession) -> str:
        """When it began."""
        return moment(session.created_at)

    @admin.display(description=_("Ends"))
    def ends(self, session: ConsoleSession) -> str:
        """The latest end."""
        return moment(session.expires_at)


def _end_visit(call: CommandCall) -> Done:
    visits.end_visit(visit_id=call.subject.pk, context=call.context)
    return Done(message=_("The visit has ended."))


def _start_visit(_call: CommandCall) -> Done:
    """Never run: the page of this command is `visiting.start_page`, because it shows a link and not a message."""
    return Done(message="", location=reverse("admin:security_breakglass_changelist"))


class BreakGlassAdmin(ConsoleModelAdmin):
    """Visits of operators to shops: on the platform all of them, in a shop those to it."""

    resource, section, position, icon = "break_glass", Section.ACCESS, 40, "key"
    list_display = ("operator_name", "tenant_slug", "level", "state", "since", "until")
    search_fields = ("operator_name__istartswith", "tenant_slug")
    search_help_text = _("Operator or shop")
    fields = ("operator_name", "tenant_slug", "level", "state", "reason", "since", "until", "ended_by")
    readonly_fields = ("state", "since", "until")
    wide_fields = ("reason",)
    list_commands = (
        Command(
            "start",
            label=_("Enter a shop"),
            permission=visits.START,
            run=_start_visit,
            form=VisitForm,
            available=lambda _subject: context.current().platform,
            tone=Tone.DANGER,
            icon="key",
        ),
    )
    commands = (
        Command(
            "end",
            label=_("End the visit"),
            permission=visits.END,
            run=_end_visit,
            form=CommandForm,
            available=lambda visit: visit.is_open(at=timezone.now()),
            tone=Tone.DANGER,
            icon="block",
            explanation=_("The operator is out with the next click."),
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        """The page that starts a visit stands before the one of its command."""
        site: Any = self.admin_site
        view = site.admin_view(partial(start_page, site))
        return [path("do/start/", view, name="security_breakglass_do_start"), *super().get_urls()]

    @admin.display(description=_("Status"))
    def state(self, visit: BreakGlass) -> str:
        """Whether the operator is still there."""
        if visit.ended_at is not None:
            return badge(_("Ended early"), Badge.NEUTRAL)
        return badge(_("Inside"), Badge.WARN) if visit.is_open(at=timezone.now()) else badge(_("Over"), Badge.NEUTRAL)

    @admin.display(description=_("Since"), ordering="started_at")
    def since(self, visit: BreakGlass) -> str:
        """When it began."""
        return moment(visit.started_at)

    @admin.display(description=_("Until"), ordering="expires_at")
    def until(self, visit: BreakGlass) -> str:
        """When it ended or will end."""
        return moment(visit.ended_at or visit.expires_at)


for _site in (platform_site, tenant_site):
    _site.register(ConsoleSession, SessionAdmin)
    _site.register(BreakGlass, BreakGlassAdmin)
    add_pages(_site)
