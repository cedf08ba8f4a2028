"""What the REST plumbing itself refuses, beyond the kernel's families."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import ResourceError


class UnknownCursor(ResourceError):
    """The cursor has the right form but was never issued for this list, tenant and filters."""

    code = 4005
    title = _("Unknown cursor")
    message = _("This cursor was not issued for this list. Start again without a cursor.")
