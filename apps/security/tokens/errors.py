"""What this room refuses, 1120, 1121 and 1123."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError


class RefreshTokenReused(AuthError):
    """A refresh token came back after its successor was handed out: somebody has a copy, so the family has ended."""

    code = 1120
    title = _("Refresh token used twice")
    message = _("This refresh token was used before. Every token of this session is revoked; sign in again.")


class TokenNotExchangeable(AuthError):
    """Access tokens come from API keys and people; neither a token nor a signature begets one."""

    code = 1121
    title = _("Not exchangeable")
    message = _("Service tokens are given for an API key, sent as the Bearer credential.")


class SignInUnfinished(AuthError):
    """The password is right, but the console asks this person for something first: a new password, a second factor."""

    code = 1123
    title = _("Sign-in unfinished")
    message = _("Sign in to the console once: it asks you for a new password or a second factor first.")
