"""In front of everything else: answers probes and scrapes without host, tenant, session or database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from apps.health.access import from_this_machine, on_platform_host, require_platform_permission
from apps.health.feed import Feed
from apps.health.recorder import recorder
from apps.health.report import HEALTH_JSON, detail, is_ready, overall, summary
from apps.health.sampler import Sampler, Status, sampler
from apps.operations.overrides import watch
from rustok import __version__
from rustok.api.headers import secure
from rustok.config import config
from rustok.errors import DomainError
from rustok.errors.families import DatabaseUnavailable, MethodNotAllowed
from rustok.errors.http import problem_response
from rustok.operations import PUBLIC, Criticality, Operation, declare
from rustok.telemetry import metrics

LIVE: Final = declare(Operation("health.live", "endpoint", PUBLIC, Criticality.CRITICAL, writes=False))
READY: Final = declare(Operation("health.ready", "endpoint", PUBLIC, Criticality.CRITICAL, writes=False))
DETAIL: Final = declare(Operation("health.detail", "endpoint", "health:read", Criticality.HIGH, writes=False))
METRICS: Final = declare(Operation("metrics.read", "endpoint", "metrics:read", Criticality.HIGH, writes=False))

_ALIVE: Final = orjson.dumps({"status": Status.PASS})


class HealthMiddleware:
    """`/health/live`, `/health/ready`, `/health` on every host; `/metrics` on the platform host."""

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase], watching: Sampler | None = None
    ) -> None:
        """Start sampling, unless the settings leave it to the caller (tests)."""
        self.get_response = get_response
        self._sampler = watching or sampler()
        self._pages: dict[str, Callable[[HttpRequest], HttpResponse]] = {
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/health": self._detail,
            "/health/": self._detail,
            "/metrics": self._metrics,
        }
        if settings.RUSTOK_HEALTH_SAMPLING:
            self._sampler.start()
            recorder().start()
            if config().service_modes:
                Feed(self._sampler).start()
                watch().start()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, or pass the request on."""
        page = self._pages.get(request.path_info)
        if page is None or (request.path_info == "/metrics" and not on_platform_host(request)):
            return self.get_response(request)
        response = _answered(page, request)
        secure(response)
        return response

    def _live(self, _request: HttpRequest) -> HttpResponse:
        """This process runs Python and reads its socket: nothing else, or a database hiccup becomes a restart storm."""
        return _answer(_ALIVE, status=200)

    def _ready(self, _request: HttpRequest) -> HttpResponse:
        results = self._sampler.results()
        return _answer(orjson.dumps(summary(results)), status=200 if is_ready(results) else 503)

    def _detail(self, request: HttpRequest) -> HttpResponse:
        require_platform_permission(request, DETAIL.permission, operation=DETAIL.name)
        results = self._sampler.results()
        status = 503 if overall(results) is Status.FAIL else 200
        return _answer(orjson.dumps(detail(results, version=__version__)), status=status)

    def _metrics(self, request: HttpRequest) -> HttpResponse:
        if not from_this_machine(request):
            require_platform_permission(request, METRICS.permission, operation=METRICS.name)
        return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _answered(page: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    try:
        return _checked(page, request)
    except DomainError as error:
        return problem_response(error, instance=request.path_info)
    except (OperationalError, InterfaceError):
        return problem_response(DatabaseUnavailable(retry_after=5), instance=request.path_info)


def _checked(page: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        refused = problem_response(MethodNotAllowed(method=request.method), instance=request.path_info)
        refused["Allow"] = "GET, HEAD"
        return refused
    return page(request)


def _answer(body: bytes, *, status: int) -> HttpResponse:
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type=HEALTH_JSON, headers=headers)
