"""The door's language: negotiate, activate for this request only, say so in the answer."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from rustok import context
from rustok.i18n.negotiation import FALLBACK, negotiate

QUERY = "lang"


class LocaleMiddleware:
    """Runs after the tenant is known (its default language counts) and before anything that speaks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Remember the rest of the chain and the shipped languages."""
        self.get_response = get_response
        self.supported = tuple(code for code, _name in settings.LANGUAGES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the negotiated language; `Content-Language` names it and `Vary` keeps caches honest."""
        language = self._language(request)
        request.LANGUAGE_CODE = language
        with translation.override(language), context.amended(locale=language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))  # the wish may be in either
        return response

    def _language(self, request: HttpRequest) -> str:
        tenant = context.current().tenant
        return negotiate(
            supported=self.supported,
            query=request.GET.get(QUERY),
            cookie=request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME),
            header=request.headers.get("Accept-Language", ""),
            default=tenant.locale if tenant is not None else FALLBACK,
        )
