"""Which dashboard a host shows. Unfold calls `fill` for the first page of either console."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.console import platform_dashboard, tenant_dashboard
from apps.console.periods import CHOICES, chosen
from rustok import context

_PERIODS = {7: _("7 days"), 30: _("30 days"), 90: _("90 days"), 365: _("1 year")}


def fill(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard of this side. The time is read once, here."""
    days = chosen(request.GET.get("days"))
    build = tenant_dashboard.build if context.current().tenant is not None else platform_dashboard.build
    periods = [{"label": _PERIODS[choice], "days": choice, "current": choice == days} for choice in CHOICES]
    return page | {"title": _("Dashboard"), "dashboard": build(now=timezone.now(), days=days), "periods": periods}
