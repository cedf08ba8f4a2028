"""What the read models refuse. Codes 340x."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import BusinessError, Kind


class OrderWithoutBeginning(BusinessError):
    """A fact about an order came without the fact that placed it: the log is not whole. Such facts are parked."""

    code = 3401
    kind = Kind.CONFLICT
    title = _("Order without beginning")
    message = _("The log does not say what was ordered in %(stream)s.")
