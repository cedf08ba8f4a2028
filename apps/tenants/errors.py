"""What can be wrong with a tenant as a resource (41xx)."""

from django.utils.translation import gettext_lazy as _

from rustok.errors.base import Kind, Severity
from rustok.errors.families import InvalidInput, ResourceError


class TenantNotFound(ResourceError):
    """No tenant has this slug, id or host."""

    code = 4101
    title = _("Tenant not found")
    message = _("There is no shop at %(host)s.")


class TenantSuspended(ResourceError):
    """The tenant exists but an operator has suspended it."""

    code = 4102
    kind = Kind.FORBIDDEN
    severity = Severity.WARNING
    title = _("Tenant suspended")
    message = _("The shop %(slug)s is suspended.")


class TenantNotReady(ResourceError):
    """The tenant is still being provisioned."""

    code = 4103
    kind = Kind.UNAVAILABLE
    retryable = True
    title = _("Tenant not ready")
    message = _("The shop %(slug)s is being set up. Try again shortly.")


class MalformedHost(InvalidInput):
    """The Host header is no host name (RFC 9110 section 7.2, RFC 5890)."""

    code = 2101
    title = _("Malformed host")
    message = _("The Host header is not a host name.")
