"""The kernel's own errors, family by family: 1xxx auth, 2xxx validation, 3xxx business, 4xxx resource, 5xxx system.

Apps declare theirs in their `errors.py` inside these ranges: 11xx security, 19xx and 29xx demo, 21xx tenants, 23xx
webhooks, 24xx and 31xx commerce, 32xx payments, 33xx events and webhooks, 37xx and 43xx flags, 41xx tenants, 42xx
commerce, 51xx lifecycle.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rustok.errors.base import DomainError, FieldError, Kind, Severity


class AuthError(DomainError):
    """Family 1xxx: who are you, and may you."""

    kind = Kind.FORBIDDEN
    severity = Severity.WARNING


class InvalidCredentials(AuthError):
    """The credential is unknown, malformed, revoked or missing."""

    code = 1001
    kind = Kind.UNAUTHENTICATED
    title = _("Invalid credentials")
    message = _("The request carries no valid credential.")


class TokenExpired(AuthError):
    """The credential was good once."""

    code = 1002
    kind = Kind.UNAUTHENTICATED
    title = _("Credential expired")
    message = _("The credential has expired.")


class PermissionDenied(AuthError):
    """The caller is known but lacks a grant. The one entry of `errors` has the rule that decided as its code."""

    code = 1003
    title = _("Permission denied")
    message = _("This needs the permission %(permission)s.")
    reasons: ClassVar[dict[str, str | Promise]] = {
        "no_grant": _("No grant gives %(missing)s."),
        "withheld": _("The grant %(grant)s withholds it."),
        "own_rows_only": _("The grant %(grant)s reaches own rows only; all rows need %(missing)s."),
        "not_own": _("The grant %(grant)s reaches own rows only, and this is not one; others need %(missing)s."),
        "no_owner": _("The grant %(grant)s reaches own rows only, and rows of this kind have no owner."),
        "needs": _("The action itself is granted, but here it also takes %(missing)s."),
    }

    def __init__(self, *, rule: str = "", grant: str = "", missing: str = "", **context: Any) -> None:
        """Say what decided: one of `reasons`, the grant that it speaks of, and the one that is missing."""
        self.rule, self.grant, self.missing = rule, grant, missing
        reason = FieldError("", rule, self.reason) if rule else None
        super().__init__(errors=(reason,) if reason is not None else (), **context)

    @property
    def reason(self) -> str:
        """What decided, in words of the active language; "" when nobody said."""
        return str(self.reasons.get(self.rule, "")) % {"grant": self.grant, "missing": self.missing}


class CrossSiteRequest(AuthError):
    """The CSRF check of the console refused the request."""

    code = 1004
    title = _("Cross-site request refused")
    message = _("The form has expired or came from another site. Reload the page and try again.")


class InvalidInput(DomainError):
    """Family 2xxx: the request itself is wrong. `errors` names the places."""

    code = 2001
    kind = Kind.INVALID
    severity = Severity.INFO
    title = _("Invalid input")
    message = _("The input is not valid.")


ValidationFailed = InvalidInput


class DuplicateEntry(DomainError):
    """Something with this unique value exists."""

    code = 2002
    kind = Kind.CONFLICT
    severity = Severity.INFO
    title = _("Duplicate entry")
    message = _("%(resource)s %(value)s already exists.")


class MalformedBody(DomainError):
    """The body is no JSON document, or not one that this platform reads (depth, encoding, NUL)."""

    code = 2003
    kind = Kind.INVALID
    severity = Severity.INFO
    title = _("Malformed body")
    message = _("The body is not a readable JSON document: %(reason)s.")


class BodyTooLarge(DomainError):
    """The body exceeds the limit."""

    code = 2004
    kind = Kind.TOO_LARGE
    severity = Severity.INFO
    title = _("Body too large")
    message = _("The body exceeds %(limit)s bytes.")


class UnsupportedMediaType(DomainError):
    """The body is of a type that the operation does not read."""

    code = 2005
    kind = Kind.UNSUPPORTED_MEDIA
    severity = Severity.INFO
    title = _("Unsupported media type")
    message = _("Send the body as %(expected)s.")


class IdempotencyKeyReused(DomainError):
    """The same Idempotency-Key came with another request."""

    code = 2006
    kind = Kind.UNPROCESSABLE
    severity = Severity.INFO
    title = _("Idempotency key reused")
    message = _("This Idempotency-Key was used for a different request.")


class IdempotencyInProgress(DomainError):
    """A request with this Idempotency-Key is still running."""

    code = 2007
    kind = Kind.CONFLICT
    severity = Severity.INFO
    retryable = True
    title = _("Request in progress")
    message = _("A request with this Idempotency-Key is still running.")


class BusinessError(DomainError):
    """Family 3xxx: well-formed, allowed, but the business says no."""

    kind = Kind.CONFLICT
    severity = Severity.INFO


class IllegalTransition(BusinessError):
    """The state machine has no such edge."""

    code = 3003
    title = _("Illegal state change")
    message = _("%(machine)s cannot go from %(source)s to %(target)s.")


class ResourceError(DomainError):
    """Family 4xxx: the thing addressed."""

    kind = Kind.NOT_FOUND
    severity = Severity.INFO


class NotFound(ResourceError):
    """Nothing is here (or nothing that the caller may know of)."""

    code = 4001
    title = _("Not found")
    message = _("There is no such %(resource)s.")


class MethodNotAllowed(ResourceError):
    """The resource exists but does not know this method."""

    code = 4002
    kind = Kind.METHOD
    title = _("Method not allowed")
    message = _("This resource does not support %(method)s.")


class NotAcceptable(ResourceError):
    """No representation fits the Accept header."""

    code = 4003
    kind = Kind.NOT_ACCEPTABLE
    title = _("Not acceptable")
    message = _("No representation fits the Accept header.")


class VersionConflict(ResourceError):
    """`If-Match` names another version than the current one, or a parallel write came first."""

    code = 4004
    kind = Kind.PRECONDITION
    retryable = True
    title = _("Version conflict")
    message = _("The %(resource)s has changed: it is now at version %(current)s.")


class UnknownCursor(ResourceError):
    """The cursor has the right form but was never issued for this list, tenant and filters."""

    code = 4005
    title = _("Unknown cursor")
    message = _("This cursor was not issued for this list. Start again without a cursor.")


class SystemFault(DomainError):
    """Family 5xxx: our side."""

    kind = Kind.INTERNAL
    severity = Severity.ERROR


class InternalError(SystemFault):
    """A defect. Its text never reaches the caller; the trace id leads to the log."""

    code = 5000
    severity = Severity.CRITICAL


class DatabaseUnavailable(SystemFault):
    """The database does not answer in time."""

    code = 5001
    kind = Kind.UNAVAILABLE
    retryable = True
    title: ClassVar[str | Promise] = _("Database unavailable")
    message = _("The service cannot reach its database. Try again shortly.")


class ExternalServiceTimeout(SystemFault):
    """A service that we depend on did not answer in time."""

    code = 5002
    kind = Kind.TIMEOUT
    retryable = True
    title = _("External service timeout")
    message = _("%(service)s did not answer in time.")


class TenantContextMissing(SystemFault):
    """Tenant data were touched outside `tenant_scope(...)`: a programming error, refused before any row is read."""

    code = 5003
    severity = Severity.CRITICAL
    title = _("Tenant context missing")
    message = _("No tenant scope is active.")


class ConfigurationInvalid(SystemFault):
    """The configuration cannot be used; raised at start, never while serving."""

    code = 5004
    title = _("Configuration invalid")
    message = _("%(problem)s")


class TenantSchemaMissing(SystemFault):
    """The tenant's schema is not in this database. Seen before any statement could fall through to the shared one."""

    code = 5005
    severity = Severity.CRITICAL
    title = _("Tenant storage missing")
    message = _("The storage of this tenant is not available.")
