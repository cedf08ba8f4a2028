"""The outermost door: names the request, continues its trace, opens the context, answers whatever happens inside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from rustok.api.addresses import client_address
from rustok.api.handlers import answer, failure, repair
from rustok.api.headers import secure
from rustok.context import ANONYMOUS, ExecutionContext, Trace, current, use
from rustok.db.ids import new_id
from rustok.errors.families import MethodNotAllowed, NotFound
from rustok.telemetry.logging import log_event
from rustok.telemetry.metrics import METHODS, observe_request
from rustok.telemetry.propagation import HEADERS, continued
from rustok.telemetry.tracing import Kind, span

DEADLINE_SECONDS: Final = 30.0
_TRACE_HEADERS: Final = tuple((name, f"HTTP_{name.upper()}") for name in HEADERS)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RequestMiddleware:
    """Stands before everything but the probes. Never raises."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Remember the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve one request in a context of its own; the caller's trace and well-formed request id are kept."""
        started = time.perf_counter()
        work = span(_verb(request), kind=Kind.SERVER, door=True)
        with use(_context(request)) as context, work as trace:
            try:
                if request.method not in METHODS:  # TRACE, or what somebody made up: no view asks for its method
                    raise MethodNotAllowed(method=(request.method or "")[:20])
                response = repair(request, self.get_response(request))
            except Exception as error:  # noqa: BLE001 - the last door of the process
                response = failure(request, error)
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "Allow" not in response:
                response.headers["Allow"] = ", ".join(sorted(METHODS))  # RFC 9110 section 15.5.6
            secure(response, request)
            response.headers["X-Request-ID"] = context.request_id
            response.headers["traceparent"] = trace.traceparent
            if trace.tracestate:
                response.headers["tracestate"] = trace.tracestate
            _note(request, response, time.perf_counter() - started, work)
        return response

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Keep who asks for the log line: inner scopes are closed by the time it is written."""
        request.rustok_scope = current()  # type: ignore[attr-defined]  # Django's requests carry what middlewares add

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase:
        """Answer what a plain Django view raised, inside the tenant's scope and language."""
        return failure(request, error)


class MissingFileMiddleware:
    """Stands behind the static files: what looks like one and is none is answered here, before a tenant is looked up.

    The gate gives such requests no place, so they must stay as cheap as a file.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Remember the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, or answer 404 from memory."""
        if request.path_info.startswith(settings.STATIC_URL):
            return answer(request, NotFound(resource="page"))
        return self.get_response(request)


def _context(request: HttpRequest) -> ExecutionContext:
    meta = request.META
    wished = meta.get("HTTP_X_REQUEST_ID", "")
    headers = {name: meta[key] for name, key in _TRACE_HEADERS if key in meta}
    return ExecutionContext(
        request_id=wished if _REQUEST_ID.fullmatch(wished) else str(new_id()),
        trace=_trace(request.path, headers),
        deadline=time.monotonic() + DEADLINE_SECONDS,
        address=client_address(request),
    )


def _trace(path: str, headers: dict[str, str]) -> Trace:
    """The caller's trace or a new one. What comes in masses and tells nobody anything begins none that is recorded."""
    quiet = path.startswith(settings.RUSTOK_QUIET_PATHS) and "traceparent" not in headers
    return Trace.new(sampled=False) if quiet or path.startswith(settings.STATIC_URL) else continued(headers)


def _verb(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else "HTTP"


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float, work: span) -> None:
    response._has_been_logged = True  # type: ignore[attr-defined]  # keeps Django from a second line for every 4xx
    match = request.resolver_match
    route = match.route if match is not None else ""
    scope: ExecutionContext = getattr(request, "rustok_scope", current())
    tenant = scope.tenant.slug if scope.tenant is not None else ""
    method = request.method or ""
    observe_request(method=method, route=route, status=response.status_code, seconds=seconds, tenant=tenant)
    if work.is_recorded:
        _describe(work, request, scope, route, response.status_code)
    log_event(
        "request.finished",
        method=method,
        path=request.path,
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 2),
        tenant=tenant or ("platform" if scope.platform else None),
        actor=scope.actor.reference if scope.actor != ANONYMOUS else None,
    )


def _describe(work: span, request: HttpRequest, scope: ExecutionContext, route: str, status: int) -> None:
    """What the span says (OpenTelemetry's HTTP conventions); never the query, which may hold anything."""
    verb = _verb(request)
    facts = {
        "http.request.method": verb,
        "http.route": route,
        "http.response.status_code": status,
        "url.path": request.path[:300],
        "rustok.request_id": scope.request_id,
    }
    if scope.tenant is not None:
        facts["rustok.tenant"] = scope.tenant.slug
    if scope.actor != ANONYMOUS:
        facts["rustok.actor"] = scope.actor.reference
    work.note(facts)
    if route:
        work.rename(f"{verb} {route}")
    if status >= 500:
        work.fail(str(status))
