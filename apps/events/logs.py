"""Which log the current scope has: the tenant's, or the platform's own."""

from __future__ import annotations

from uuid import UUID

from apps.operations.wakeups import PLATFORM
from rustok.context import current


def log_id() -> UUID:
    """The id under which the shared tables know the log of the current scope."""
    tenant = current().tenant
    return tenant.id if tenant else PLATFORM
