"""How these pages are drawn, and the check that a person proved a moment ago who it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from apps.security.identity.services import is_fresh, require_fresh
from apps.security.models import User
from rustok.admin import ConsoleSite
from rustok.api.handlers import answer, wants_page
from rustok.errors import DomainError, Kind
from rustok.errors.http import status_of


def draw(
    site: ConsoleSite, request: HttpRequest, template: str, *, title: str | Promise, form: Any = None, **facts: Any
) -> HttpResponse:
    """A page in the frame of its console; it shows why the form was refused.

    Only "not now" changes its status, with `Retry-After` (RFC 9110 section 10.2.3). Whoever does not want a page gets
    the problem document.
    """
    error: DomainError | None = getattr(form, "error", None)
    if error is not None and not wants_page(request):
        return answer(request, error)
    page = {**site.each_context(request), "title": title, "form": form, **facts}
    response = TemplateResponse(request, f"{template}.html", page)
    if error is not None and error.kind is Kind.RATE_LIMITED:
        response.status_code = status_of(error)
        response["Retry-After"] = str(math.ceil(error.retry_after or 1))
    return response


def go(page: str, *arguments: Any) -> HttpResponse:
    """Send the browser to a named page of this console."""
    return HttpResponseRedirect(reverse(f"admin:{page}", args=arguments))


def goal_of(request: HttpRequest, default: str = "admin:index") -> str:
    """Where the person wanted to go, on this host only."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse(default)


def person(request: HttpRequest) -> User | None:
    """The signed-in person of this console; None for visitors, who have no account here."""
    return request.user if isinstance(request.user, User) else None


def unproven(request: HttpRequest, back: str = "") -> HttpResponse | None:
    """The way to the page that asks who it is, and back; None for a person who has proved that a moment ago.

    Raises FreshSignInNeeded for whoever does not want a page.
    """
    if is_fresh(request):
        return None
    if not wants_page(request):
        require_fresh(request)
    return HttpResponseRedirect(f"{reverse('admin:confirm')}?{urlencode({'next': back or request.path})}")


def fresh(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask the person to confirm who it is before the page, unless that was a moment ago."""

    @wraps(view)
    def wrapper(site: ConsoleSite, request: HttpRequest, **parts: Any) -> HttpResponse:
        first = unproven(request, back=request.path if request.method == "GET" else reverse("admin:account"))
        return view(site, request, **parts) if first is None else first

    return wrapper
