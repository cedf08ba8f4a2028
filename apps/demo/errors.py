"""What the demo receiver refuses."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError
from rustok.errors.families import InvalidInput


class BadSignature(AuthError):
    """The request is not signed with the secret that was agreed, or too old to be believed."""

    code = 1900
    title = _("Bad webhook signature")
    message = _("The webhook's signature does not match.")


class UnreadableEvent(InvalidInput):
    """The signature is good but the body is no CloudEvent."""

    code = 2900
    title = _("Unreadable event")
    message = _("The body is no CloudEvent in JSON.")
