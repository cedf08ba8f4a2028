"""Every error of the process becomes a problem document (RFC 9457); people who browse the console get a page instead.

Doors call `failure`; Django calls the handlers named in the URL maps; `repair` catches what libraries answer by
themselves.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from rest_framework.exceptions import APIException

from rustok.config import config
from rustok.context import trace_id
from rustok.errors import DomainError
from rustok.errors.families import (
    BodyTooLarge,
    CrossSiteRequest,
    DatabaseUnavailable,
    InternalError,
    InvalidCredentials,
    InvalidInput,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    PermissionDenied,
    UnsupportedMediaType,
)
from rustok.errors.http import PROBLEM_JSON, problem_response, status_of
from rustok.telemetry.logging import log_event
from rustok.telemetry.metrics import observe_error

RETRY_SECONDS: Final = 1.0
_PAGES: Final = ("/admin/", "/demo/")


_KNOWN: Final[tuple[tuple[tuple[type[Exception], ...], Callable[[], DomainError]], ...]] = (
    ((OperationalError, InterfaceError), lambda: DatabaseUnavailable(retry_after=RETRY_SECONDS)),
    ((Http404,), lambda: NotFound(resource="page")),
    ((DjangoPermissionDenied,), lambda: PermissionDenied(permission="console:use")),
    ((RequestDataTooBig,), lambda: BodyTooLarge(limit=config().body_limit)),
    ((SuspiciousOperation, BadRequest, MultiPartParserError), InvalidInput),
)
_BY_STATUS: Final[dict[int, Callable[[], DomainError]]] = {
    401: InvalidCredentials,
    403: lambda: PermissionDenied(permission="console:use"),
    404: lambda: NotFound(resource="page"),
    410: lambda: NotFound(resource="page"),
    406: NotAcceptable,
    413: lambda: BodyTooLarge(limit=config().body_limit),
    415: lambda: UnsupportedMediaType(expected="application/json"),
}


def translate(error: BaseException) -> DomainError | None:
    """The typed error that stands for an exception, or None for a defect."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, APIException):
        return for_status(error.status_code)
    return next((make() for kinds, make in _KNOWN if isinstance(error, kinds)), None)


def for_status(status: int, *, method: str = "") -> DomainError:
    """The typed error for a bare status that a library chose."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(method=method)
    return _BY_STATUS.get(status, InternalError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidInput)()


def failure(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to an exception. A defect is logged with its traceback, reported to whoever listens, and hidden."""
    known = translate(error)
    if known is None:
        log_event("request.defect", level=logging.ERROR, path=request.path, exc_info=error)
        got_request_exception.send(sender=None, request=request)
    elif status_of(known) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_event("request.refused", level=logging.ERROR, path=request.path, code=known.code, exc_info=error)
    return answer(request, known or InternalError())


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A page for people who navigate the console, the problem document for everybody else."""
    observe_error(error.code)
    if not wants_page(request):
        return problem_response(error, instance=request.path)
    status, home = status_of(error), "/" + request.path.split("/")[1] + "/"
    text = render_to_string("problem.html", {"error": error, "status": status, "home": home, "trace_id": trace_id()})
    return HttpResponse(text, status=status)


def wants_page(request: HttpRequest) -> bool:
    """Whether a browser navigates to a page of the console; its background calls want data."""
    meta = request.META
    return (
        request.path.startswith(_PAGES)
        and "text/html" in meta.get("HTTP_ACCEPT", "")
        and meta.get("HTTP_SEC_FETCH_MODE", "navigate") == "navigate"
        and meta.get("HTTP_X_REQUESTED_WITH") != "XMLHttpRequest"
    )


def repair(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Replace an error that some library wrote in its own form, headers such as `Allow` kept."""
    media = response.get("Content-Type", "")
    if response.status_code < HTTPStatus.BAD_REQUEST or media.startswith(PROBLEM_JSON):
        return response
    if getattr(response, "is_declared", False):  # `also` of an operation: another protocol's own error
        return response
    if media.startswith("text/html") and wants_page(request):
        return response
    log_event("request.repaired", path=request.path, status=response.status_code)
    repaired = answer(request, for_status(response.status_code, method=request.method or ""))
    if "Allow" in response:
        repaired["Allow"] = response["Allow"]
    return repaired


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400."""
    return answer(request, translate(exception) or InvalidInput())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403."""
    return answer(request, translate(exception) or PermissionDenied(permission="console:use"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404."""
    return answer(request, translate(exception) or NotFound(resource="page"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500, called while the exception is being handled; typed errors of middlewares arrive here too."""
    error = sys.exc_info()[1]
    return answer(request, (translate(error) if error else None) or InternalError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF refusal; the reason goes to the log only."""
    log_event("request.cross_site", path=request.path, reason=reason)
    return answer(request, CrossSiteRequest())


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The REST framework's handler, for its views that are no `Endpoint`."""
    return failure(context["request"]._request, error)
