"""The door of every request: Host header -> scope for the whole request, streaming bodies included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.tenants.isolation.scopes import platform_scope, refuse_unless_active, tenant_scope
from apps.tenants.resolution.directory import directory
from apps.tenants.resolution.hosts import normalise, tenant_label
from apps.tenants.resolution.proxies import apply_forwarding, networks
from rustok.config import config
from rustok.context import ExecutionContext, current, use
from rustok.errors.base import DomainError
from rustok.errors.families import DatabaseUnavailable
from rustok.errors.http import problem_response

_DATABASE_GONE: Final = (OperationalError, InterfaceError)


class TenantResolutionMiddleware:
    """Resolve once, then run everything below inside the scope. There is no default tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Read the trusted networks once; a bad one stops the start."""
        self.get_response = get_response
        self._trusted = networks(config().trusted_proxies)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """400 for a malformed host, 404 for an unknown one, 403 for a suspended tenant, 503 while it is set up."""
        apply_forwarding(request.META, self._trusted)
        try:
            scope = _scope_of(request)
        except DomainError as error:
            return problem_response(error, instance=request.path)
        except _DATABASE_GONE:
            return problem_response(DatabaseUnavailable(retry_after=2), instance=request.path)
        with scope:
            response = self.get_response(request)
            if getattr(response, "streaming", False):
                _keep_scope(response, current())
        return response


def _scope_of(request: HttpRequest) -> AbstractContextManager[ExecutionContext]:
    host = normalise(str(request.META.get("HTTP_HOST", "")))
    base = config().base_domain
    if host == base:
        request.urlconf = settings.PUBLIC_SCHEMA_URLCONF  # type: ignore[attr-defined]  # Django reads it when present
        return platform_scope("request to the platform host")
    label = tenant_label(host, base)
    tenant = directory().by_host(host) if label is None else directory().by_slug(label)
    refuse_unless_active(tenant)  # here, where the refusal becomes an answer; the scope itself opens later
    return tenant_scope(tenant)


def _keep_scope(response: Any, context: ExecutionContext) -> None:
    """Produce each chunk inside the request's scope: the server pulls them after the middleware has left (trap 57)."""
    if not response.is_async:
        response.streaming_content = _chunks(response.streaming_content, context)


def _chunks(source: Iterable[bytes], context: ExecutionContext) -> Iterator[bytes]:
    iterator = iter(source)
    while True:
        with use(context):
            chunk = next(iterator, None)
        if chunk is None:
            return
        yield chunk
