"""What payments refuse."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind


class InsufficientFunds(BusinessError):
    """The money offered does not cover what is due. Amounts are for people, with their currency."""

    code = 3001
    kind = Kind.UNPROCESSABLE
    title = _("Insufficient funds")
    message = _("%(needed)s needed, %(available)s available.")


class RefundExceedsCapture(BusinessError):
    """More was to be refunded than is left of what was captured."""

    code = 3201
    title = _("Refund exceeds capture")
    message = _("%(wanted)s to be refunded, %(available)s left.")


class NothingToRefund(BusinessError):
    """No captured money is left: never paid, or all of it went back already."""

    code = 3202
    title = _("Nothing to refund")
    message = _("There is nothing left to refund.")


class UnknownProvider(BusinessError):
    """No payment provider has this name."""

    code = 3203
    kind = Kind.UNPROCESSABLE
    title = _("Unknown payment provider")
    message = _("There is no payment provider %(provider)s.")
