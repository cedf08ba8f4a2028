"""The consoles: one admin site for the platform's operators, one for the staff of each tenant.

Apps register their pages in their `admin.py`; `apps.console` loads them and draws the dashboards. A page is read-only;
everything that changes something is a `Command`, which calls the same service as the API.

    @register(Order, tenant_site)
    class OrderAdmin(ConsoleModelAdmin):
        resource = "order"
        section = Section.SALES
        commands = (Command("confirm", label=_("Confirm"), permission="order:confirm", run=confirm),)
"""

from rustok.admin.commands import Command, CommandCall, CommandForm, Done, ReasonForm, Secret, Tone
from rustok.admin.model_admin import ConsoleModelAdmin
from rustok.admin.navigation import Section
from rustok.admin.sites import ConsoleSite, note_refusal, platform_site, tenant_site
from rustok.display import Badge, badge, json_view, moment

__all__ = [
    "Badge",
    "Command",
    "CommandCall",
    "CommandForm",
    "ConsoleModelAdmin",
    "ConsoleSite",
    "Done",
    "ReasonForm",
    "Secret",
    "Section",
    "Tone",
    "badge",
    "json_view",
    "moment",
    "note_refusal",
    "platform_site",
    "tenant_site",
]
