"""The look of the two consoles: what Unfold reads. Navigation comes from what is registered (`rustok.admin`)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from rustok import context


def _asset(path: str) -> Any:
    """A callable, because the static storage knows its addresses only once Django runs."""
    return lambda _request: static(path)


def _subheader(_request: HttpRequest) -> str:
    tenant = context.current().tenant
    return tenant.name if tenant is not None else _("Platform")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "RusToK",
    "SITE_HEADER": "RusToK",
    "SITE_SUBHEADER": _subheader,
    "SITE_URL": None,
    "SITE_ICON": _asset("console/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("console/mark.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": lambda _request: reverse("admin:language"), "navigation": []},
    "STYLES": [_asset("console/console.css"), _asset("console/health.css")],
    "SCRIPTS": [_asset("console/frame.js")],
    "DASHBOARD_CALLBACK": "apps.console.dashboard.fill",
    "BORDER_RADIUS": "8px",
    # A cool blue: 600 on white and 500 on the dark base both pass 4.5 to 1.
    "COLORS": {
        "primary": {
            "50": "#eef4ff",
            "100": "#dae6ff",
            "200": "#bcd3ff",
            "300": "#8fb6ff",
            "400": "#7aa5ff",
            "500": "#6b97ff",
            "600": "#2456d6",
            "700": "#1d45ae",
            "800": "#1c3c8a",
            "900": "#1c366d",
            "950": "#142145",
        },
    },
}
