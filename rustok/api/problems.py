"""The problem document as a schema, and which problems which operation may answer. For the OpenAPI document only."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Final, Literal

from pydantic import Field

from rustok.api.declaration import Declaration
from rustok.api.models import Out
from rustok.api.paging import PageQuery
from rustok.errors import DomainError
from rustok.errors.families import (
    BodyTooLarge,
    DatabaseUnavailable,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InternalError,
    InvalidCredentials,
    InvalidInput,
    MalformedBody,
    NotAcceptable,
    NotFound,
    PermissionDenied,
    TokenExpired,
    UnknownCursor,
    UnsupportedMediaType,
)
from rustok.errors.http import PROBLEM_JSON, status_of, type_of

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]")
_ALWAYS: Final = (InvalidInput, NotFound, NotAcceptable, InternalError, DatabaseUnavailable)
_RETRY: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"description": "The scheme to use (RFC 6750).", "schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}


class ProblemPlace(Out):
    """One wrong place of the input."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) into the body, or /query/… and /headers/….")
    code: str = Field(description="A stable word for what is wrong there.")
    message: str = Field(description="What is wrong, in the language of the answer.")


class Problem(Out):
    """An error (RFC 9457)."""

    type: str = Field(description="Where the error is described.")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str = Field(description="The path that was asked for.")
    code: int = Field(ge=1000, le=9999, description="Stable number of the error; see /api/errors/.")
    name: str = Field(description="Stable name of the error.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    severity: Literal["info", "warning", "error", "critical"]
    trace_id: str = Field(pattern="^[0-9a-f]{32}$", description="What to tell support.")
    errors: list[ProblemPlace]


def possible_errors(declared: Declaration) -> tuple[type[DomainError], ...]:
    """Every error that the operation may answer, in order of status and code."""
    found: set[type[DomainError]] = {*_ALWAYS, *declared.errors}
    if not declared.is_public:
        found |= {InvalidCredentials, TokenExpired, PermissionDenied}
    if declared.body is not None:
        found |= {MalformedBody, BodyTooLarge, UnsupportedMediaType}
    if issubclass(declared.query, PageQuery):
        found.add(UnknownCursor)
    if declared.idempotent:
        found |= {IdempotencyInProgress, IdempotencyKeyReused}
    return tuple(sorted(found, key=lambda error: (status_of(error), error.code)))


def problem_responses(declared: Declaration) -> dict[str, Any]:
    """The error half of an operation's `responses`, with an example for each error."""
    by_status: dict[int, list[type[DomainError]]] = defaultdict(list)
    for error in possible_errors(declared):
        by_status[status_of(error)].append(error)
    by_status.setdefault(403, [])  # a suspended shop
    by_status.setdefault(429, [])  # rate limits
    return {str(status): _response(status, errors) for status, errors in sorted(by_status.items())}


def _response(status: int, errors: list[type[DomainError]]) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if errors:
        media["examples"] = {error.__name__: {"value": _example(error, status)} for error in errors}
    titles = ", ".join(str(error.title) for error in errors)
    response = {"description": titles or "Refused.", "content": {PROBLEM_JSON: media}}
    return {**response, "headers": _HEADERS[status]} if status in _HEADERS else response


def _example(error: type[DomainError], status: int) -> dict[str, Any]:
    return {
        "type": type_of(error),
        "title": str(error.title),
        "status": status,
        "detail": _PLACEHOLDER.sub(r"{\1}", str(error.message)),
        "instance": "/api/v1/…",
        "code": error.code,
        "name": error.__name__,
        "retryable": error.retryable,
        "severity": error.severity.value,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "errors": [],
    }
