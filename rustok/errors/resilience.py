"""What the guards around a dependency say when they refuse: codes 501x, each with `Retry-After`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors.base import Kind, Severity
from rustok.errors.families import SystemFault


class GuardRefusal(SystemFault):
    """Family: a guard refused before anything was begun, so the same call may succeed a little later."""

    kind = Kind.UNAVAILABLE
    severity = Severity.WARNING
    retryable = True


class CircuitOpen(GuardRefusal):
    """The dependency was sick a moment ago; it was not called. `retry_after` says when it may be asked again."""

    code = 5010
    title = _("Dependency unavailable")
    message = _("%(service)s is failing and is left alone for a moment.")


class BulkheadFull(GuardRefusal):
    """As many calls as allowed are under way to the dependency; this one was not begun."""

    code = 5011
    title = _("Dependency busy")
    message = _("Too many calls to %(service)s are under way.")


class ServiceDegraded(GuardRefusal):
    """The platform's mode does not permit this operation for now."""

    code = 5012
    title = _("Service degraded")
    message = _("The service runs in %(mode)s mode, which leaves this operation out. Try again later.")


class Overloaded(GuardRefusal):
    """More work arrives than can be done; less critical work is refused first."""

    code = 5013
    title = _("Overloaded")
    message = _("The service has more work than it can do. Try again shortly.")
