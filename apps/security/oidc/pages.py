"""The two addresses of the platform's console: the way to the provider, and the way back."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from apps.security.cookies import bound_cookie
from apps.security.identity.pages.drawing import draw, goal_of
from apps.security.identity.pages.forms import SignInForm
from apps.security.identity.services import enter
from apps.security.oidc.errors import ProviderAnswerRefused
from apps.security.oidc.flow import FLOW_SECONDS, Flow, authorization_url, finished
from apps.security.oidc.provider import Provider, provider
from apps.security.oidc.services import person_of
from rustok.admin import ConsoleSite, note_refusal
from rustok.errors import DomainError, Kind
from rustok.errors.families import NotFound
from rustok.errors.http import status_of

COOKIE: Final = "rustok_oidc"
_PLACE: Final = "/admin/login/oidc/"


def add_pages(site: ConsoleSite) -> None:
    """Serve the pages on a console."""
    site.add_pages(
        path("login/oidc/", never_cache(partial(start_page, site)), name="oidc_start"),
        path("login/oidc/callback/", never_cache(partial(callback_page, site)), name="oidc_callback"),
    )


def start_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider. Somebody else's link that begins this leads to the visitor's own account."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    flow = Flow.new(goal_of(request))
    try:
        response = HttpResponseRedirect(authorization_url(_provider(), flow))
    except DomainError as error:
        return _door(site, request, error)
    name, place = bound_cookie(COOKIE, _PLACE)
    response.set_cookie(
        name,
        flow.written(),
        max_age=FLOW_SECONDS,
        path=place,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # the way back is a top-level navigation from another site
    )
    return response


def callback_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Sign in whom the provider vouches for; whatever is wrong leads to the door, where the password works."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    try:
        response: HttpResponse = HttpResponseRedirect(_entered(request))
    except DomainError as error:
        response = _door(site, request, error)
    name, place = bound_cookie(COOKIE, _PLACE)
    response.delete_cookie(name, path=place, samesite="Lax")
    return response


def _entered(request: HttpRequest) -> str:
    chosen = _provider()
    flow = _flow(request)
    claims = finished(chosen, flow, request.GET.dict())
    user = person_of(chosen, claims)
    methods = claims.get("amr")
    strong = isinstance(methods, list) and "mfa" in methods  # RFC 8176
    return enter(request, user, method="oidc", strong=strong, next_url=flow.goal)


def _flow(request: HttpRequest) -> Flow:
    return Flow.read(request.COOKIES.get(bound_cookie(COOKIE, _PLACE)[0], ""))


def _provider() -> Provider:
    found = provider()
    if found is None:
        raise NotFound(resource="page")
    return found


def _door(site: ConsoleSite, request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page of the password, with what went wrong."""
    if isinstance(error, NotFound):
        raise error
    note_refusal(request, error)
    goal = _goal(request)
    form: Any = SignInForm()
    form.error = error
    response = draw(site, request, "admin/login", title=_("Sign in"), form=form, ceremony=None, next=goal)
    response.status_code = status_of(error)
    if error.kind is Kind.UNAVAILABLE and error.retry_after:
        response["Retry-After"] = str(round(error.retry_after))
    return response


def _goal(request: HttpRequest) -> str:
    """Where the person wanted to go, as far as that is still known."""
    try:
        wanted = _flow(request).goal
    except ProviderAnswerRefused:
        wanted = request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse("admin:index")
