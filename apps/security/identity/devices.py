"""Browsers that have signed in before: their attempts are counted apart, so that no attacker locks their owner out.

The cookie says which names it was given for (as hashes) and has a number of its own, under which attempts with it are
counted. It opens nothing: whoever steals it may guess as often as anybody else, and no oftener.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from apps.security.cookies import bound_cookie
from apps.security.models import User
from rustok.context import current

COOKIE: Final = "rustok_device"
_PATH: Final = "/admin/"
DAYS: Final = 180
_AGE: Final = DAYS * 24 * 3600
# In this order: Edge says Chrome too, and Chrome says Safari.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def normal(name: str) -> str:
    """One spelling of all that the database takes for the same name or address: its UPPER makes an `I` of `ı`, too."""
    return name.strip().upper().casefold()


def known_device(request: HttpRequest, name: str) -> str:
    """The number of this browser if somebody signed in here under this name before, else ""."""
    try:
        text = request.COOKIES.get(bound_cookie(COOKIE, _PATH)[0], "")
        number, names = signing.loads(text, salt=_salt(), max_age=_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(number) if _mark(name) in names else ""


def remember_device(response: HttpResponseBase, user: User) -> None:
    """Let the browser be known for the names of this user. Call it after the whole sign-in, never half-way."""
    names = [_mark(name) for name in (user.username, user.email) if name]
    value = signing.dumps([secrets.token_hex(8), names], salt=_salt())
    name, path = bound_cookie(COOKIE, _PATH)
    response.set_cookie(
        name,
        value,
        max_age=_AGE,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _mark(name: str) -> str:
    return hashlib.sha256(normal(name).encode()).hexdigest()[:24]


def _salt() -> str:
    return f"rustok.device.{current().schema}"


def label(user_agent: str) -> str:
    """What people call such a browser: "Firefox, Linux". Guessed from what it says, for lists only."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part) or str(_("Unknown device"))
