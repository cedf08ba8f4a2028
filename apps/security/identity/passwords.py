"""What a password must be, beyond Django's lists: longer for whoever can do more, bounded, and not among leaked ones.

Checks run where passwords are set (`apps.security.services`), by Django's list of validators. NIST SP 800-63B section
3.1.1.2: length counts, composition rules do not; compare with known leaks.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.security.models import Role
from apps.security.roles import FIXED, effective
from rustok.config import config

LONGEST: Final = 256
"""Characters; a bound, so that nobody makes us hash a book."""
LEAST: Final = 10
LEAST_OF_THE_MIGHTY: Final = 12
_LINE: Final = 128


class LengthValidator:
    """At least ten characters, twelve for owners, operators and whoever may do as much, at most `LONGEST`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError."""
        least = LEAST_OF_THE_MIGHTY if _is_mighty(getattr(user, "role", "")) else LEAST
        if len(password) < least:
            text = ngettext(
                "This password is too short. It needs at least %(least)d character.",
                "This password is too short. It needs at least %(least)d characters.",
                least,
            )
            raise ValidationError(text, code="password_too_short", params={"least": least})
        if len(password) > LONGEST:
            raise ValidationError(
                _("This password is too long: %(longest)d characters are the most."),
                code="password_too_long",
                params={"longest": LONGEST},
            )

    def get_help_text(self) -> str:
        """For forms."""
        return _("At least ten characters, twelve for owners and operators.")


def _is_mighty(role: str) -> bool:
    """Whether the role may everything, as it came or as the shop made it. One statement for all but two roles."""
    if not role or role in FIXED:
        return bool(role)
    stored = Role.objects.filter(slug=role).values_list("grants", flat=True).first()
    return "*:*" in effective(role, stored)


class LeakedPasswordValidator:
    """Not among the passwords of a list on this machine (`RUSTOK_LEAKED_PASSWORDS`); nothing is asked of the network.

    The list has one upper-case SHA-1 per line, sorted, with or without `:count` behind it: the form in which Pwned
    Passwords is published. It is searched, not read: some 35 short reads for a thousand million lines.
    """

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raise ValidationError."""
        file = config().leaked_passwords
        if file is not None and is_listed(hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest(), file):
            raise ValidationError(
                _("This password is on a list of leaked passwords. Choose another one."), code="password_leaked"
            )

    def get_help_text(self) -> str:
        """For forms."""
        return _("Not a password that is known to have leaked.")


def is_listed(digest: str, file: Path) -> bool:
    """Whether a sorted file has a line that begins with this digest (hexadecimal, any case). Raises OSError."""
    wanted = digest.upper().encode()
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.readline(_LINE)  # the rest of the line that the middle cut
            line = lines.readline(_LINE)[: len(wanted)]
            if line and line < wanted:
                low = middle + 1
            else:
                high = middle
        lines.seek(low)
        if low:
            lines.readline(_LINE)
        return lines.readline(_LINE)[: len(wanted)] == wanted
