"""What flags refuse."""

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind
from rustok.errors.families import ResourceError


class FlagNotFound(ResourceError):
    """No flag has this key: neither the code nor an operator declared it."""

    code = 4301
    title = _("Flag not found")
    message = _("There is no flag %(key)s.")


class FlagNotDelegated(BusinessError):
    """The flag is the operators' own; shops cannot target it."""

    code = 3701
    kind = Kind.FORBIDDEN
    title = _("Flag not delegated")
    message = _("The flag %(key)s is set by the operators of the platform only.")


class UnknownAudience(BusinessError):
    """A targeting names an audience that is not there."""

    code = 3702
    kind = Kind.UNPROCESSABLE
    title = _("Unknown audience")
    message = _("There is no audience %(key)s.")
