"""Pages of the consoles that belong to no model."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.console.tracing.pages import PERMISSION, TracePages
from rustok.admin import Section, platform_site, tenant_site
from rustok.admin.navigation import PageLink

for _site in (platform_site, tenant_site):
    _pages = TracePages(_site)
    _site.add_pages(
        path("traces/", _site.admin_view(_pages.traces), name="traces"),
        path("traces/<trace_id>/", _site.admin_view(_pages.trace), name="trace"),
        path("find/", _site.admin_view(_pages.find), name="find"),
    )
    _site.add_link(
        PageLink(
            name="traces", title=_("Traces"), icon="account_tree", section=Section.OPERATIONS, position=8,
            permission=PERMISSION,
        )
    )  # fmt: skip
