"""What the bus refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors.base import Kind
from rustok.errors.families import SystemFault


class BusOverloaded(SystemFault):
    """Subscribers in this process are too far behind: nothing of the publication was taken."""

    code = 5020
    kind = Kind.UNAVAILABLE
    retryable = True
    title = _("Event bus overloaded")
    message = _("%(waiting)s deliveries wait in this process, the limit is %(limit)s.")
