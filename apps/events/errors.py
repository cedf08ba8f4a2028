"""What the event log and its readers refuse. Codes 330x."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind


class UnreadableFilter(BusinessError):
    """An event type filter has another form than `*`, `app.*`, `app.fact` or `app.fact.v1`."""

    code = 3301
    kind = Kind.INVALID
    title = _("Unreadable event filter")
    message = _("%(filter)s is no event type filter. Write *, orders.*, orders.order_placed or orders.order_placed.v1.")


class UnknownTransport(BusinessError):
    """A subscription names a transport that no installed app provides."""

    code = 3302
    kind = Kind.INTERNAL
    title = _("Unknown transport")
    message = _("No installed app provides the transport %(transport)s.")
