"""The pages: `traces/`, `traces/<id>/` and `find/`, on both consoles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied as Forbidden
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from apps.console.tracing import finding, reading
from apps.console.tracing.reading import Asked
from apps.console.tracing.waterfall import WIDTH, waterfall
from rustok import context
from rustok.admin import ConsoleSite
from rustok.config import config
from rustok.operations import Criticality, Operation, declare

PERMISSION: Final = "trace:read"
TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
for _name in ("traces", "trace", "find"):
    declare(Operation(f"console.{_name}", "console", PERMISSION, Criticality.HIGH, writes=False))


class TracePages:
    """The pages of one console."""

    def __init__(self, site: ConsoleSite) -> None:
        """Draw them as pages of this site."""
        self._site = site

    def traces(self, request: HttpRequest) -> HttpResponse:
        """The newest traces, narrowed by name or id, tenant, duration and failure."""
        _require()
        asked = _asked(request)
        rows, away = _rows(asked)
        page = {"rows": rows, "asked": asked, "away": away, "listed": reading.LISTED}
        return self._page(request, "console/traces.html", _("Traces"), page)

    def trace(self, request: HttpRequest, trace_id: str) -> HttpResponse:
        """One trace as a waterfall, with its log lines."""
        _require()
        if TRACE_ID.fullmatch(trace_id) is None:
            raise Http404
        try:
            picture, lines, away = waterfall(reading.spans(trace_id)), reading.lines(trace_id), False
        except reading.BufferAway:
            picture, lines, away = None, [], True
        shops = _shops(picture.tenants) if picture is not None else []
        page = {
            "trace_id": trace_id, "picture": picture, "lines": lines, "away": away, "axis": WIDTH, "shops": shops,
        }  # fmt: skip
        return self._page(request, "console/trace.html", _("Trace"), page)

    def find(self, request: HttpRequest) -> HttpResponse:
        """What belongs to an id. Each kind of find asks for its own permission."""
        text = request.GET.get("q", "")[: finding.LONGEST]
        page = {"text": text, "kinds": finding.find(text), "keeps": config().trace_buffer}
        return self._page(request, "console/search.html", _("Find an id"), page)

    def _page(self, request: HttpRequest, template: str, title: str, page: dict[str, Any]) -> HttpResponse:
        response = TemplateResponse(request, template, {**self._site.each_context(request), "title": title, **page})
        response["Cache-Control"] = "no-store"
        return response


def _require() -> None:
    if not context.current().allows(PERMISSION):
        raise Forbidden


def _asked(request: HttpRequest) -> Asked:
    given = request.GET
    slower = given.get("slower", "")
    return Asked(
        text=given.get("q", "").strip()[:100],
        tenant=given.get("tenant", "").strip()[:63],
        slower=float(slower) if slower.isascii() and slower.isdigit() and len(slower) < 8 else 0.0,
        failed=given.get("failed") == "1",
    )


def _rows(asked: Asked) -> tuple[list[reading.TraceRow], bool]:
    try:
        return reading.rows(asked), False
    except reading.BufferAway:
        return [], True


def _shops(slugs: Sequence[str]) -> list[tuple[str, str]]:
    """Where operators go on: the search of each shop's own console."""
    if context.current().tenant is not None:
        return []
    return [(slug, config().public_url(f"{slug}.{config().base_domain}")) for slug in slugs]
