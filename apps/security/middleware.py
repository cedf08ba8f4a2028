"""The signed-in user becomes the actor of the context, so that console actions run as somebody with permissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

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
            if isinstance(user, User):
                groups = frozenset({user.role})
                install(replace(current(), actor=user.actor, permissions=user.permissions, groups=groups))
        return self.get_response(request)
