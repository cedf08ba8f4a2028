"""RFC 9457 problem documents: the one place where an error becomes HTTP."""

from __future__ import annotations

import math
from typing import Any

import orjson
from django.http import HttpResponse

from rustok import context
from rustok.errors.base import DomainError, Kind

PROBLEM_JSON = "application/problem+json"
STATUS: dict[Kind, int] = {
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.INVALID: 400,
    Kind.UNPROCESSABLE: 422,
    Kind.CONFLICT: 409,
    Kind.NOT_FOUND: 404,
    Kind.METHOD: 405,
    Kind.NOT_ACCEPTABLE: 406,
    Kind.GONE: 410,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED_MEDIA: 415,
    Kind.RATE_LIMITED: 429,
    Kind.INTERNAL: 500,
    Kind.UNAVAILABLE: 503,
    Kind.TIMEOUT: 504,
}


def status_of(error: DomainError | type[DomainError]) -> int:
    """The HTTP status of an error (interfaces: "Status by code")."""
    return STATUS[error.kind]


def type_of(error: DomainError | type[DomainError]) -> str:
    """The problem's `type`: a reference to the error's entry in the catalogue page."""
    return f"/api/errors/#{error.code}"


def problem(error: DomainError, *, instance: str) -> dict[str, Any]:
    """The problem document of an error, texts in the active language (RFC 9457 section 3.1 plus our members)."""
    return {
        "type": type_of(error),
        "title": str(error.title),
        "status": status_of(error),
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "name": error.name,
        "retryable": error.retryable,
        "severity": error.severity.value,
        "trace_id": context.trace_id(),
        "errors": [item.as_dict() for item in error.errors],
    }


def problem_response(error: DomainError, *, instance: str) -> HttpResponse:
    """The answer for doors outside DRF. `Retry-After` (RFC 9110 section 10.2.3) is whole seconds, rounded up."""
    body = orjson.dumps(problem(error, instance=instance))
    response = HttpResponse(body, status=status_of(error), content_type=PROBLEM_JSON)
    response["Cache-Control"] = "no-store"
    if error.retry_after is not None:
        response["Retry-After"] = str(math.ceil(error.retry_after))
    if error.kind is Kind.UNAUTHENTICATED:
        response["WWW-Authenticate"] = 'Bearer realm="rustok"'
    return response
