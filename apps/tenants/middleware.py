"""The door of every request: Host header -> scope for the whole request, streaming bodies included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.tenants.isolation.scopes import platform_scope, refuse_unless_active, tenant_scope
from apps.tenants.resolution.directory import directory
from apps.tenants.resolution.hosts import normalise, tenant_label
from apps.tenants.resolution.proxies import apply_forwarding
from rustok.api.addresses import is_trusted_proxy
from rustok.api.handlers import failure
from rustok.config import config
from rustok.context import ExecutionContext, current, use


class TenantResolutionMiddleware:
    """Resolve once, then run everything below inside the scope. There is no default tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Remember the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """400 for a malformed host, 404 for an unknown one, 403 for a suspended tenant, 503 while it is set up."""
        apply_forwarding(request.META, trusted=is_trusted_proxy(str(request.META.get("REMOTE_ADDR", ""))))
        try:
            scope = _scope_of(request)
        except Exception as error:  # noqa: BLE001 - answered here: Django would turn it into a page of its own
            return failure(request, error)
        with scope:
            response = self.get_response(request)
            if getattr(response, "streaming", False):
                _keep_scope(response, current())
        return response


def _scope_of(request: HttpRequest) -> AbstractContextManager[ExecutionContext]:
    host = normalise(str(request.META.get("HTTP_HOST", "")))
    base = config().base_domain
    if host == base:
        request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
        return platform_scope("request to the platform host")
    label = tenant_label(host, base)
    tenant = directory().by_host(host) if label is None else directory().by_slug(label)
    refuse_unless_active(tenant)  # here, where a refusal becomes an answer; the scope itself opens later
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
