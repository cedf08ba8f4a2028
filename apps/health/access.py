"""Who may see detail and metrics: the machine itself, or a platform credential with the permission."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest
from rest_framework.settings import api_settings

from apps.security.zero_trust.audit import note_refusal
from apps.tenants.isolation import platform_scope
from rustok.api.addresses import client_address
from rustok.config import config
from rustok.context import amended
from rustok.errors import AuthError
from rustok.policy import require
from rustok.resilience.bulkhead import Bulkhead

_FORWARDING: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST")
_DEADLINE_SECONDS: Final = 3.0
ASKING: Final = Bulkhead("health", concurrent=4, wait=0.0)
"""Credentials that are looked up at once: no gate and no rate limit stands before these pages."""


def on_platform_host(request: HttpRequest) -> bool:
    """Whether the request names the platform or the machine, not a tenant."""
    host = request.META.get("HTTP_HOST", "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name in {config().base_domain, "localhost"} or _is_loopback(name.strip("[]"))


def from_this_machine(request: HttpRequest) -> bool:
    """Whether a process on this machine asks directly.

    A reverse proxy on the same machine also connects from loopback, but passes on strangers: any forwarding header, or
    a tenant's host name, ends the trust.
    """
    if any(name in request.META for name in _FORWARDING) or not on_platform_host(request):
        return False
    return _is_loopback(request.META.get("REMOTE_ADDR", ""))


def require_platform_permission(request: HttpRequest, permission: str, *, operation: str) -> None:
    """Raise InvalidCredentials, TokenExpired, PermissionDenied or BulkheadFull unless a platform credential grants it.

    A refusal is in the platform's audit log under the operation's name.
    """
    deadline = time.monotonic() + _DEADLINE_SECONDS
    with (
        ASKING,
        amended(deadline=deadline, address=client_address(request)),
        platform_scope("reading health or metrics") as context,
    ):
        scheme: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES[0]
        try:
            actor, permissions = scheme().authenticate(request)
            require(replace(context, actor=actor, permissions=permissions), permission)
        except AuthError as error:
            note_refusal(error, operation=operation, admission=None)
            raise


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
