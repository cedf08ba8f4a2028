"""What the catalogue refuses."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind


class InvalidProduct(BusinessError):
    """The SKU is unknown, not for sale, or has no price in the currency. `sku` names it."""

    code = 3101
    kind = Kind.UNPROCESSABLE
    title = _("Invalid product")
    message = _("%(sku)s cannot be ordered.")


class InsufficientInventory(BusinessError):
    """Less is available than was wanted. `sku`, `wanted` and `available` name the first short item; `errors` all."""

    code = 3102
    title = _("Insufficient inventory")
    message = _("%(sku)s: %(wanted)s wanted, %(available)s available.")


class StockBelowReserved(BusinessError):
    """The new quantity on hand would not cover what is promised to open orders, or is negative."""

    code = 3103
    title = _("Stock below reservations")
    message = _("%(sku)s: %(reserved)s are reserved, so %(on_hand)s on hand is not possible.")


class ReservationExpired(BusinessError):
    """What was held for the buyer was let go before it became an order. Put it into the cart again."""

    code = 3105
    title = _("Reservation expired")
    message = _("%(sku)s is no longer held: the reservation has expired.")


class StockTooLarge(BusinessError):
    """What is already there and what was added exceed what one shelf can count."""

    code = 3104
    title = _("Stock too large")
    message = _("%(sku)s: at most %(most)s can be on hand.")
