"""Every page of a console asks here first: whose session it is, and what the person has to do before anything else."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from apps.security.identity import rules
from apps.security.identity.mirror import VISIT
from apps.security.identity.services import device_of, is_strong
from apps.security.identity.sessions import SessionStore
from apps.security.identity.visitors import visitor_of
from apps.security.identity.visits import note_page
from apps.security.models import User
from rustok.context import current

_ALWAYS: Final = frozenset({"login", "logout", "language", "jsi18n", "second_step", "passkey_sign_in", "confirm"})
_OWN_PASSWORD: Final = frozenset({"password_change", "password_change_done"})
_PASSWORD: Final = _ALWAYS | _OWN_PASSWORD
_ENROL: Final = _PASSWORD | {"account", "account_app", "account_passkey", "account_codes"}


def attend(request: HttpRequest) -> None:
    """Note that the session is used; a visitor's deeds are marked as such."""
    session = request.session
    if isinstance(session, SessionStore) and session.row is not None:
        session.touch(device=device_of(request))
    visitor = visitor_of(request)
    if visitor is not None:
        current().memo[VISIT] = visitor.visit


def obstacle(request: HttpRequest) -> str | None:
    """The name of the page that stands before this one: another password, a second factor. None: go on.

    Visitors have no password here: the page of one's own leads them back.
    """
    user, page, visitor = request.user, _page_of(request), visitor_of(request)
    if visitor is not None:
        if page != "jsi18n":
            note_page(visitor, method=request.method or "", path=request.path)
        return "index" if page in _OWN_PASSWORD else None
    if not isinstance(user, User):
        return None
    if user.must_change_password:
        return None if page in _PASSWORD else "password_change"
    if page in _ENROL or is_strong(request) or rules.second_factor() != rules.REQUIRED:
        return None
    return "confirm" if user.factors.exists() else "account"


def _page_of(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.url_name or "") if match is not None else ""
