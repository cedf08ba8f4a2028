"""The pages that both hosts serve about the API itself: the document, two viewers, the catalogue of errors."""

from __future__ import annotations

import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import get_urlconf
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from rustok.api.headers import VIEWER_POLICY
from rustok.api.schema import build
from rustok.errors import DomainError, catalogue
from rustok.errors.http import status_of
from rustok.wire.rendering import dump_json

_REDOC: Final = "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js"
_FOREIGN_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]")


@lru_cache(maxsize=16)
def _document(urlconf: str, _language: str) -> tuple[bytes, str]:
    body = dump_json(build(urlconf))
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document of this host, in the language of the request."""
    body, tag = _document(get_urlconf() or "", get_language() or "en")
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI: try the API in the browser."""
    return _viewer(request, "api/swagger.html")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """ReDoc: read the API."""
    return _viewer(request, "api/redoc.html")


@require_safe
def redoc_bundle(request: HttpRequest) -> HttpResponse:
    """ReDoc itself, with its maker's logo from here: it asks a foreign server for it, which our policy refuses."""
    body, tag = _bundle()
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _bundle() -> tuple[bytes, str]:
    place = finders.find(_REDOC)
    if place is None:
        raise FileNotFoundError(_REDOC)
    body = Path(place).read_bytes().replace(_FOREIGN_LOGO, static("console/mark.svg").encode())
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every error of the platform; a page for browsers, JSON for the rest."""
    entries = [_entry(error) for error in catalogue()]
    if "text/html" in request.headers.get("Accept", ""):
        return _viewer(request, "api/errors.html", entries=entries)
    response = HttpResponse(dump_json({"errors": entries}), content_type="application/json")
    response["Vary"] = "Accept"
    return response


def _entry(error: type[DomainError]) -> dict[str, Any]:
    return {
        "code": error.code,
        "name": error.__name__,
        "status": status_of(error),
        "severity": error.severity.value,
        "retryable": error.retryable,
        "title": str(error.title),
        "message": _PLACEHOLDER.sub(r"{\1}", str(error.message)),
    }


def _viewer(request: HttpRequest, template: str, **values: Any) -> HttpResponse:
    response = render(request, template, values)
    response["Content-Security-Policy"] = VIEWER_POLICY
    response["Vary"] = "Accept"
    return response
