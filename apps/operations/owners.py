"""Which shop a credential belongs to, by its public handle. Names the culprit; decides nothing."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from apps.operations.models.wakeups import PLATFORM
from rustok.context import current
from rustok.db.shared import shared_rows

_REMEMBER: Final = """
INSERT INTO public.operations_credentialowner (handle, tenant_id) VALUES (%s, %s) ON CONFLICT (handle) DO NOTHING
"""
_OWNER: Final = "SELECT tenant_id FROM public.operations_credentialowner WHERE handle = %s"


def remember_owner(handle: str) -> None:
    """Note that the credential belongs to the current scope. One statement, in the caller's transaction."""
    tenant = current().tenant
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [handle, tenant.id if tenant is not None else PLATFORM])


def owner_of(handle: str) -> UUID | None:
    """The tenant of the credential, PLATFORM for the platform's own, None when nobody has it. One statement."""
    rows = shared_rows(_OWNER, [handle])
    return rows[0][0] if rows else None
