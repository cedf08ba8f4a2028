"""Typed errors: one class per thing that can go wrong, each with a stable code.

`DomainError` is the only exception that doors (REST, console, commands, tasks) translate for people. What HTTP makes of
it lives in `rustok.errors.http`; a domain module never names a status.

    class InsufficientFunds(BusinessError):
        code = 3001
        kind = Kind.UNPROCESSABLE
        title = _("Insufficient funds")
        message = _("%(needed)s needed, %(available)s available.")

    raise InsufficientFunds(needed=10, available=3)
"""

from rustok.errors.base import DomainError, FieldError, Kind, Severity, catalogue
from rustok.errors.families import (
    AuthError,
    BusinessError,
    ResourceError,
    SystemFault,
    ValidationFailed,
)

__all__ = [
    "AuthError",
    "BusinessError",
    "DomainError",
    "FieldError",
    "Kind",
    "ResourceError",
    "Severity",
    "SystemFault",
    "ValidationFailed",
    "catalogue",
]
