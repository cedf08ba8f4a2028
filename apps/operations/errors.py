"""What can be wrong with a decision about modes and breakers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors.families import ResourceError


class NothingToLift(ResourceError):
    """No decision of this kind holds at the moment."""

    code = 4401
    title = _("Nothing to lift")
    message = _("Nobody has decided anything about %(name)s that still holds.")
