"""People who ask for tokens: the same password, lockout and second factor as at the console's door."""

from __future__ import annotations

from django.http import HttpRequest

from apps.security.identity import rules
from apps.security.identity.errors import SecondFactorRefused
from apps.security.identity.factors import prove_code
from apps.security.identity.services import prove_password
from apps.security.models import User
from apps.security.tokens.errors import SignInUnfinished


def prove_person(*, request: HttpRequest, username: str, password: str, code: str) -> User:
    """The person whose password this is, and whose second factor, if there is one.

    Raises SignInRefused, SignInLocked, SecondFactorRefused; SignInUnfinished for who has to see to a password or a
    second factor at the console first. A passkey alone is no help here: it needs a browser.
    """
    user = prove_password(request=request, username=username, password=password)
    asked = rules.second_factor()
    if user.must_change_password:
        raise SignInUnfinished
    if asked != rules.OFF and user.factors.exists():
        if not code:
            raise SecondFactorRefused
        prove_code(user=user, code=code)
    elif asked == rules.REQUIRED:
        raise SignInUnfinished
    return user
