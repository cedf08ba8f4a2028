"""What this room refuses, 1124, 1125 and 5402."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError, Kind, SystemFault
from rustok.telemetry.logging import log_event


class ProviderAnswerRefused(AuthError):
    """State, nonce, code, signature or claims do not fit, or came twice: told apart in the log, not to the browser."""

    code = 1124
    title = _("Sign-in not completed")
    message = _("The answer of the identity provider does not fit this browser, or came too late. Sign in again.")


class ProviderAccountRefused(AuthError):
    """The provider knows the person, but the person may not work here."""

    code = 1125
    title = _("Account not admitted")
    message = _("Your account at the identity provider may not be used here: %(reason)s.")


class ProviderUnavailable(SystemFault):
    """The provider does not answer, or answers what cannot be used. Passwords work without it."""

    code = 5402
    kind = Kind.UNAVAILABLE
    retryable = True
    title = _("Identity provider unavailable")
    message = _("The identity provider does not answer. Sign in with your password, or try again shortly.")


def refused(reason: str) -> ProviderAnswerRefused:
    """The refusal of an answer; its reason goes to the log only."""
    log_event("oidc.refused", reason=reason[:300])
    return ProviderAnswerRefused()
