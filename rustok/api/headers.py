"""Security headers of every answer (R22). A view that needs another policy sets its own header first.

API answers may load nothing and be framed by nobody. Scripts of pages come from our own origin or carry the nonce of
the answer (`{{ csp_nonce }}` in templates); no other inline script runs, and no text is evaluated as code: the library
of the consoles comes in its build for such policies (ADR 0034).
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from rustok.config import config

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'nonce-%s'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
VIEWER_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": (
        "accelerometer=(), bluetooth=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"


def script_nonce(request: HttpRequest) -> str:
    """The nonce of this request's answer: 128 random bits, the same however often it is asked for."""
    known = getattr(request, "rustok_nonce", None)
    if known is None:
        known = request.rustok_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]  # carried by the request
    return str(known)


def nonce(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `csp_nonce` for inline scripts of pages, made when a template asks."""
    return {"csp_nonce": SimpleLazyObject(lambda: script_nonce(request))}


def secure(response: HttpResponseBase, request: HttpRequest | None = None) -> None:
    """Add what is missing. `request` is the one whose nonce the page may have used; None for answers without a page."""
    headers = response.headers
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if headers.get("Content-Type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", PAGE_POLICY % _nonce_of(request))
    else:
        headers.setdefault("Content-Security-Policy", API_POLICY)
    if config().scheme == "https":
        headers.setdefault("Strict-Transport-Security", _HSTS)


def _nonce_of(request: HttpRequest | None) -> str:
    return script_nonce(request) if request is not None else secrets.token_urlsafe(16)
