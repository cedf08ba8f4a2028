"""Signing in to the console: name or e-mail address and password, against the users of the host's scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.http import HttpRequest

from apps.security.models import User


class ConsoleBackend(BaseBackend):
    """Users of the shop on its host, operators on the platform's host; one never works on the other."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # noqa: ARG002 - Django's signature
        """The active user with this password, or None. An unknown name takes as long as a wrong password."""
        username, password = credentials.get("username"), credentials.get("password")
        if not username or not password or "\x00" in username:
            return None
        found = list(User.objects.filter(Q(username__iexact=username) | Q(email__iexact=username))[:2])
        if len(found) != 1:
            make_password(password)
            return None
        user = found[0]
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: UUID | str) -> User | None:
        """The user of a session; None once the user is inactive, which ends the session."""
        return User.objects.filter(pk=user_id, is_active=True).first()
