"""What this app refuses, 11xx."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError


class GrantExceeded(AuthError):
    """A caller wants to hand on a permission that it does not hold."""

    code = 1101
    title = _("Grant exceeded")
    message = _("You cannot grant %(permission)s: you do not hold it yourself.")


class AddressRefused(AuthError):
    """A good credential, used from outside the networks that it is bound to."""

    code = 1122
    title = _("Address refused")
    message = _("This credential may not be used from the address %(address)s.")
