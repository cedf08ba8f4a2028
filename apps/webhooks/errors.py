"""What webhooks refuse. Codes 331x."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind


class UnsafeAddress(BusinessError):
    """The address of an endpoint is malformed or leads where a webhook must not go (private networks, plain HTTP)."""

    code = 3311
    kind = Kind.FORBIDDEN
    title = _("Unsafe webhook address")
    message = _("Webhooks cannot be sent to this address: %(reason)s.")


class UnusableSecret(BusinessError):
    """A secret is `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks)."""

    code = 3312
    kind = Kind.INVALID
    title = _("Unusable webhook secret")
    message = _("A webhook secret is whsec_ followed by 24 to 64 bytes in base64.")


class ReceiverRefused(BusinessError):
    """The receiver did not take the test message."""

    code = 3313
    kind = Kind.CONFLICT
    title = _("Test message refused")
    message = _("The receiver did not take the test message: %(reason)s.")
