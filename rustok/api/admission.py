"""The gate in front of the web workers, at the WSGI level: answers before Django does anything.

Probes pass first, always; so do static files, which cost next to nothing (one that does not exist, too) and without
which no page can say what is wrong. Everything else is known by its operation (criticality, reads or writes): the
service mode may leave it out, and what is let in shares a bounded number of places (`rustok.resilience.admission`). A
refusal costs a fraction of a millisecond, touches no database, and is a problem document with `Retry-After`, or a page
for a person.

The server needs more threads than places: `admission_limit` work, `admission_waiting` wait, the rest answer probes and
refuse. 144 threads are enough for the defaults: they wait, and cost no more than their stacks. The room is for bursts,
as 64 buyers of the last ten units; only what it cannot hold is refused at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import get_language
from prometheus_client import Counter

from rustok.api.bodies import BodyReaders, NoReader
from rustok.api.declaration import SAFE
from rustok.api.handlers import answer, wants_page
from rustok.api.headers import secure
from rustok.config import config
from rustok.context import ExecutionContext, Trace, use
from rustok.errors import DomainError
from rustok.errors.http import problem, problem_response, status_of
from rustok.operations import PUBLIC, Criticality, Operation
from rustok.resilience.admission import Admission
from rustok.resilience.degradation import DegradationController, controller
from rustok.telemetry.metrics import REGISTRY, observe_error, observe_request
from rustok.telemetry.tracing import continued

PROBES: Final = frozenset({"/health/live", "/health/ready", "/health", "/health/", "/metrics"})
RETRY_SECONDS: Final = 1.0
_STEERED: Final = ("/admin/login/", "/admin/logout/", "/admin/language/", "/admin/operations/")
"""Console pages that stay open in every mode: signing in, and the page that lifts the mode."""

_REMEMBERED: Final = 300
"""Characters of method and path: eight thousand addresses as long as a server takes them would fill the memory."""

REFUSED: Final = Counter(
    "rustok_admission_refused",
    "Requests refused before Django, by criticality and reason (mode, load or body).",
    ("criticality", "reason"),
    registry=REGISTRY,
)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@cache
def admission() -> Admission:
    """The places of this process."""
    return Admission(limit=config().admission_limit, waiting=config().admission_waiting)


class AdmissionGate:
    """WSGI middleware (PEP 3333) around the whole application."""

    def __init__(
        self,
        application: Application,
        *,
        places: Admission | None = None,
        modes: DegradationController | None = None,
    ) -> None:
        """Guard `application` with the process's places and modes, or with given ones (tests)."""
        self._application = application
        self._places, self._modes, self._bodies = places or admission(), modes or controller(), BodyReaders()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Let in, make wait, or refuse."""
        environ["wsgi.url_scheme"] = config().scheme  # TLS may end in front of us; cookies, links and CSRF depend on it
        path = environ.get("PATH_INFO", "")
        if path in PROBES or path.startswith(settings.STATIC_URL):
            return self._application(environ, start_response)
        operation = operation_of(environ)
        if not self._modes.permits(operation):
            self._places.note_refused()
            return _refuse(self._modes.refusal(), operation, "mode", environ, start_response)
        try:
            self._bodies.take(environ)
        except NoReader:
            return _refuse(self._modes.overload(), operation, "body", environ, start_response)
        except DomainError as error:
            return _refuse(error, operation, "body", environ, start_response)
        # Places that hang on a frozen database are not given back soon: nobody waits for them.
        if not self._places.enter(operation.criticality, patient=not self._modes.without_database):
            return _refuse(self._modes.overload(), operation, "load", environ, start_response)
        started = time.perf_counter()
        try:
            return self._application(environ, start_response)
        finally:
            self._places.leave(time.perf_counter() - started)


def operation_of(environ: dict[str, Any]) -> Operation:
    """What a request asks for, by host, method and path; the same for all who ask, so it is remembered."""
    host = environ.get("HTTP_HOST", "").lower().rsplit(":", 1)[0]
    platform = host in {config().base_domain, "localhost", "127.0.0.1", "[::1]"}
    urls = settings.PUBLIC_SCHEMA_URLCONF if platform else settings.ROOT_URLCONF
    method, path = environ.get("REQUEST_METHOD", "GET"), environ.get("PATH_INFO", "/")
    known = _known if len(method) + len(path) <= _REMEMBERED else _known.__wrapped__
    return known(urls, method, path)


@lru_cache(maxsize=8_192)
def _known(urls: str, method: str, path: str) -> Operation:
    writes = method not in SAFE
    if path.startswith("/admin/"):
        permission = "degradation:read" if path.startswith(_STEERED) else PUBLIC
        return Operation("console", "console", permission, Criticality.HIGH, writes)
    try:
        view = resolve(path, urlconf=urls).func
    except Resolver404:
        return Operation("unknown", "endpoint", PUBLIC, Criticality.LOW, writes)
    declared = getattr(getattr(view, "view_class", None) or getattr(view, "cls", None), "declarations", {}).get(method)
    if declared is not None:
        return Operation(declared.name, "endpoint", declared.permission, declared.criticality, declared.writes)
    return Operation("page", "endpoint", PUBLIC, Criticality.NORMAL, writes)


def _refuse(
    error: DomainError, operation: Operation, reason: str, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    started, path, method = time.perf_counter(), environ.get("PATH_INFO", "/"), environ.get("REQUEST_METHOD", "")
    given = {"traceparent": environ.get("HTTP_TRACEPARENT", ""), "tracestate": environ.get("HTTP_TRACESTATE", "")}
    trace = continued(given)
    page = _page(error, trace, environ)
    if page is None:
        observe_error(error.code)  # `answer` has counted the page
        document, headers = _prepared(error)
        body = orjson.dumps({**document, "instance": path, "trace_id": trace.trace_id})
    else:
        body, headers = page.content, tuple(page.items())
    REFUSED.labels(operation.criticality.name.lower(), reason).inc()
    status = status_of(error)
    observe_request(method=method, route="refused", status=status, seconds=time.perf_counter() - started)
    later = error.retryable or error.retry_after is not None
    wait = [("Retry-After", str(math.ceil(error.retry_after or RETRY_SECONDS)))] if later else []
    own = [
        *wait,
        ("Content-Length", str(len(body))),
        ("traceparent", trace.traceparent),
    ]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, *own])
    return [] if method == "HEAD" else [body]


Prepared = tuple[dict[str, Any], tuple[tuple[str, str], ...]]
_documents: Final[dict[tuple[str, str, str], Prepared]] = {}


def _prepared(error: DomainError) -> Prepared:
    """What is the same in all refusals of a kind: rendering it each time would cost more than some requests do."""
    mode = str(error.context.get("mode", ""))
    place = (error.name, mode, get_language() or "")
    known = _documents.get(place)
    if known is None:
        plain = type(error)(**error.context)
        response = problem_response(plain, instance="")
        secure(response)
        known = _documents[place] = (problem(plain, instance=""), tuple(response.items()))
    return known


def _page(error: DomainError, trace: Trace, environ: dict[str, Any]) -> HttpResponse | None:
    """A page for a person who navigates the console; None for everybody else."""
    if "text/html" not in environ.get("HTTP_ACCEPT", ""):
        return None
    request = WSGIRequest(environ)
    if not wants_page(request):
        return None
    with use(ExecutionContext(trace=trace)):
        page = answer(request, error)
        secure(page)
    return page
