"""The signed-in user becomes the actor of the context, so that console actions run as somebody with permissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from apps.security.identity.attendance import attend, obstacle
from apps.security.identity.visitors import Visitor
from apps.security.models import User
from rustok.context import current, install

_CONSOLE: Final = "/admin/"


class ConsoleActorMiddleware:
    """Stands behind the session's authentication. REST requests are not looked at: they carry their own credential."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Remember the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Install the user as actor for console pages; the enclosing tenant scope restores what was there."""
        if request.path.startswith(_CONSOLE):
            user = request.user
            if isinstance(user, User | Visitor):
                groups = frozenset({user.role})
                install(replace(current(), actor=user.actor, permissions=user.permissions, groups=groups))
                attend(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponseBase | None:
        """Send people where they have to go first: to another password, or to a second factor."""
        page = obstacle(request) if request.path.startswith(_CONSOLE) else None
        return HttpResponseRedirect(reverse(f"admin:{page}")) if page is not None else None
