"""Problem documents (RFC 9457)."""

from __future__ import annotations

import json

import pytest

from rustok.context import ExecutionContext, Trace, use
from rustok.errors import FieldError, Kind, catalogue
from rustok.errors.families import (
    DatabaseUnavailable,
    DuplicateEntry,
    ExternalServiceTimeout,
    InvalidCredentials,
    InvalidInput,
    PermissionDenied,
    TokenExpired,
    VersionConflict,
)
from rustok.errors.http import STATUS, problem, problem_response, status_of

# The public face names these; they never change.
PUBLISHED = {
    InvalidCredentials: 401,
    TokenExpired: 401,
    PermissionDenied: 403,
    InvalidInput: 400,
    DuplicateEntry: 409,
    VersionConflict: 412,
    DatabaseUnavailable: 503,
    ExternalServiceTimeout: 504,
}
NAMED = {
    "InsufficientFunds": (3001, 422),
    "OrderAlreadyProcessed": (3002, 409),
    "InvalidProduct": (None, 422),
    "InsufficientInventory": (None, 409),
    "IllegalTransition": (None, 409),
    "IdempotencyInProgress": (None, 409),
    "IdempotencyKeyReused": (None, 422),
}


@pytest.mark.parametrize(("error", "status"), PUBLISHED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_published_statuses_stay(error, status):
    assert status_of(error) == status


@pytest.mark.parametrize(("name", "expected"), NAMED.items(), ids=NAMED)
def test_published_errors_of_the_apps_stay(name, expected):
    error = next(error for error in catalogue() if error.__name__ == name)

    code, status = expected
    assert (code or error.code, status_of(error)) == (error.code, status)


def test_every_kind_has_a_status():
    assert STATUS.keys() == set(Kind)


def test_auth_errors_are_401_or_403_and_limits_429():
    others = {"InvalidCredentials": 401, "TokenExpired": 401, "RateLimited": 429, "AddressLimited": 429}
    others["SignInLocked"] = 429
    for error in catalogue():
        if error.code < 2000:
            assert status_of(error) == others.get(error.__name__, 403), error


def test_document_has_every_member():
    trace = Trace.new()
    error = InvalidInput(errors=[FieldError("/sku", "missing", "Needed.")])

    with use(ExecutionContext(trace=trace)):
        document = problem(error, instance="/api/v1/orders/")

    assert document == {
        "type": "/api/errors/#2001",
        "title": "Invalid input",
        "status": 400,
        "detail": "The input is not valid.",
        "instance": "/api/v1/orders/",
        "code": 2001,
        "name": "InvalidInput",
        "retryable": False,
        "severity": "info",
        "trace_id": trace.trace_id,
        "errors": [{"pointer": "/sku", "code": "missing", "message": "Needed."}],
    }


def test_answer_is_typed_and_not_kept():
    answer = problem_response(TokenExpired(), instance="/x")

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["Cache-Control"] == "no-store"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert json.loads(answer.content)["code"] == 1002


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (1.0, "1"), (1.5, "2"), (30, "30")])
def test_waiting_time_is_whole_seconds_rounded_up(seconds, header):
    assert problem_response(DatabaseUnavailable(retry_after=seconds), instance="/")["Retry-After"] == header
