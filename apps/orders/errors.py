"""What orders refuse, beyond what the catalogue and the payments refuse."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError


class OrderAlreadyProcessed(BusinessError):
    """The order has this step behind it, or its life is over. A step that comes too early is an IllegalTransition."""

    code = 3002
    title = _("Order already processed")
    message = _("Order %(number)s is already %(status)s.")
