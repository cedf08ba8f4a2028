"""Security headers of every answer (R22). A view that needs another policy sets its own header first.

API answers may load nothing and be framed by nobody. The console's scripts come from our own origin, none is inline;
its library evaluates expressions in attributes, hence `unsafe-eval` and inline styles there and nowhere else.
"""

from __future__ import annotations

from typing import Final

from django.http.response import HttpResponseBase

from rustok.config import config

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
CONSOLE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
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
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"


def secure(response: HttpResponseBase) -> None:
    """Add what is missing."""
    headers = response.headers
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if headers.get("Content-Type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", CONSOLE_POLICY)
    else:
        headers.setdefault("Content-Security-Policy", API_POLICY)
    if config().scheme == "https":
        headers.setdefault("Strict-Transport-Security", _HSTS)
