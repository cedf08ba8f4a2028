"""CORS per shop (https://fetch.spec.whatwg.org/#http-cors-protocol): which web origins may call this shop's API.

Credentials are Bearer keys and signatures, never cookies: `Access-Control-Allow-Credentials` is not sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from apps.security.zero_trust.rules import rules

_DOORS: Final = ("/api/", "/ofrep/", "/mcp")
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Content-Digest, Idempotency-Key, If-Match, If-None-Match, Signature, "
        "Signature-Input, traceparent, tracestate, baggage, X-Request-ID"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED: Final = (
    "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, X-Request-ID, traceparent"
)


class OriginMiddleware:
    """Stands behind the tenant resolution: the rules are the host's tenant's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Remember the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer preflights of known origins; say on other answers that the origin may read them."""
        origin = request.META.get("HTTP_ORIGIN", "")
        if not origin or not request.path.startswith(_DOORS):
            return self.get_response(request)
        is_known = origin in rules().allowed_origins
        if is_known and request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META:
            response: HttpResponseBase = HttpResponse(status=204, headers=_PREFLIGHT)
        else:
            response = self.get_response(request)
        patch_vary_headers(response, ("Origin",))
        if is_known:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return response
