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


class NothingChosen(BusinessError):
    """Dead letters are to be tried again, but nothing says which."""

    code = 3303
    kind = Kind.UNPROCESSABLE
    title = _("Nothing chosen")
    message = _("Say which dead letters: by id, event type, subscription or range of positions, or say all.")


class EventsRemoved(BusinessError):
    """A reader of the log asks for what comes after a position, but retention has removed events behind it."""

    code = 3304
    kind = Kind.GONE
    title = _("Events were removed")
    message = _("Events up to position %(floor)s are not all kept any more. Read on with gaps=true, or begin at 0.")


class UnknownProjection(BusinessError):
    """No app of this installation has a projection of this name."""

    code = 3321
    kind = Kind.NOT_FOUND
    title = _("Unknown projection")
    message = _("There is no projection %(projection)s.")


class StaleSnapshot(BusinessError):
    """A snapshot was taken by another version of the projection: its rows would say something else now."""

    code = 3322
    kind = Kind.CONFLICT
    title = _("Stale snapshot")
    message = _("The snapshot is of version %(found)s, the projection %(projection)s of version %(version)s.")


class NothingToSwap(BusinessError):
    """A comparison or swap was asked for, but no rebuild is under way."""

    code = 3323
    kind = Kind.CONFLICT
    title = _("No rebuild under way")
    message = _("The projection %(projection)s is not being rebuilt.")


class RebuildNotReady(BusinessError):
    """The shadow cannot take over yet: it is behind what readers see, or it refused facts."""

    code = 3324
    kind = Kind.CONFLICT
    retryable = True
    title = _("The rebuild is not ready")
    message = _("The rebuild of %(projection)s is not ready: %(behind)s events behind, %(refused)s refused.")


class HistoryRemoved(BusinessError):
    """A rebuild would begin where retention has removed events: its rows would lack what they told."""

    code = 3325
    kind = Kind.CONFLICT
    title = _("The history is not complete")
    message = _("Events up to position %(floor)s are not all kept: rebuild %(projection)s from a later snapshot.")
