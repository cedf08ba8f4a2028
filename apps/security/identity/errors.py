"""What this room refuses, 116x to 117x."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError, Kind, Severity


class SignInRefused(AuthError):
    """Name or password are wrong, the account is locked or unknown: told apart to nobody."""

    code = 1160
    severity = Severity.INFO
    title = _("Sign-in refused")
    message = _("Please enter the correct user name and password. Both may be case-sensitive.")


class SignInLocked(AuthError):
    """Too many attempts in a row under this name or from this address; whether the name exists makes no difference."""

    code = 1161
    kind = Kind.RATE_LIMITED
    retryable = True
    title = _("Too many attempts")
    message = _("Too many attempts to sign in. Try again in %(wait)s.")


class SecondFactorRefused(AuthError):
    """The code is wrong, too old or used already; or nobody has asked for one."""

    code = 1162
    severity = Severity.INFO
    title = _("Code refused")
    message = _("This code is wrong, too old, or was used already.")


class PasskeyRefused(AuthError):
    """The passkey's answer does not prove anything here."""

    code = 1163
    severity = Severity.INFO
    title = _("Passkey refused")
    message = _("The passkey could not be used. Try again, or sign in another way.")


class FreshSignInNeeded(AuthError):
    """The deed needs somebody who has proved a moment ago who they are."""

    code = 1164
    severity = Severity.INFO
    title = _("Confirm that it is you")
    message = _("Confirm that it is you, then try again.")


class SecondFactorNeeded(AuthError):
    """The console asks for a second factor, and this would leave the person without one."""

    code = 1165
    severity = Severity.INFO
    title = _("Second factor needed")
    message = _("This console requires a second factor. Add another one first.")


class SecondFactorOff(AuthError):
    """The console offers no second factors."""

    code = 1166
    severity = Severity.INFO
    title = _("Second factors are off")
    message = _("This console offers no second factors.")


class VisitRefused(AuthError):
    """The ticket of a break-glass visit is unknown, used or too old, or the visit is over."""

    code = 1167
    title = _("Visit refused")
    message = _("This visit is over, or its link was used already. Start another one on the platform's console.")
