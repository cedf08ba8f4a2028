"""What orders refuse, beyond what the catalogue and the payments refuse."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind
from rustok.errors.families import InvalidInput, ResourceError


class OrderTooLarge(BusinessError):
    """The lines together are more than one order can hold: units of one SKU, or money."""

    code = 3110
    title = _("Order too large")
    message = _("One order holds at most %(units)s units of a SKU and a total of %(most)s minor units.")


class OrderAlreadyProcessed(BusinessError):
    """The order has this step behind it, or its life is over. A step that comes too early is an IllegalTransition."""

    code = 3002
    title = _("Order already processed")
    message = _("Order %(number)s is already %(status)s.")


class EmptyCart(BusinessError):
    """A cart without lines cannot become an order."""

    code = 3111
    title = _("Empty cart")
    message = _("The cart is empty.")


class CartClosed(BusinessError):
    """The cart has become an order; it cannot change any more."""

    code = 3112
    title = _("Cart closed")
    message = _("The cart was checked out.")


class CartExpired(ResourceError):
    """The cart was not touched for too long. Start a new one."""

    code = 4201
    kind = Kind.GONE
    title = _("Cart expired")
    message = _("The cart has expired.")


class UnreadableBasketFile(InvalidInput):
    """The file is no basket file at all: a missing column, no text, no CSV. Single bad rows are refused, not raised."""

    code = 2400
    title = _("Unreadable basket file")
    message = _("The basket file cannot be read: %(reason)s.")
