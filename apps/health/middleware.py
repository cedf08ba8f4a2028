"""In front of the rest of Django: answers probes and scrapes without host, tenant, session or database.

Where the platform is served, `/health/live` and `/health/ready` are answered before Django (`rustok.api.probes`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from apps.health.access import from_this_machine, on_platform_host, require_platform_permission
from apps.health.feed import Feed
from apps.health.recorder import recorder
from apps.health.report import detail, is_ready, overall, summary
from apps.health.sampler import Sampler, Status, sampler
from apps.operations.overrides import watch
from rustok import __version__
from rustok.api import probes
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


def readiness(watching: Sampler) -> tuple[int, bytes]:
    """Status and body of a readiness probe, from what the sampler remembers."""
    results = watching.results()
    return (200 if is_ready(results) else 503), orjson.dumps(summary(results))


def _ready() -> tuple[int, bytes]:
    return readiness(sampler())


probes.register("/health/ready", _ready)


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
        return probes.answer_of(probes.alive)

    def _ready(self, _request: HttpRequest) -> HttpResponse:
        return probes.answer_of(lambda: readiness(self._sampler))

    def _detail(self, request: HttpRequest) -> HttpResponse:
        require_platform_permission(request, DETAIL.permission, operation=DETAIL.name)
        results = self._sampler.results()
        status = 503 if overall(results) is Status.FAIL else 200
        return probes.answer_of(lambda: (status, orjson.dumps(detail(results, version=__version__))))

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
