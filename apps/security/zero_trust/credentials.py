"""Finding the tenant of a credential that is unknown on this host, so that its own limit pays for the mistake.

Only whoever holds the whole secret learns anything: the credential is checked in full in its own shop.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar
from uuid import UUID

from apps.operations.owners import owner_of
from apps.operations.wakeups import PLATFORM
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import get_tenant_by_id
from rustok.context import ExecutionContext, TenantRef, current
from rustok.errors import DomainError

T = TypeVar("T")


def elsewhere(handle: str, check: Callable[[], T]) -> tuple[T, TenantRef | None] | None:
    """Run `check` in the scope that the handle belongs to; None when it is nobody's, or of this scope, or refused."""
    owner = owner_of(handle)
    return in_shop(owner, check) if owner is not None else None


def in_shop(owner: UUID, check: Callable[[], T]) -> tuple[T, TenantRef | None] | None:
    """Run `check` in the scope of this tenant (PLATFORM: the platform's); None when it is this scope, or refused."""
    here = current().tenant
    if owner == (here.id if here is not None else PLATFORM):
        return None
    try:
        with _scope(owner) as context:
            return check(), context.tenant
    except DomainError:
        return None


def _scope(owner: UUID) -> AbstractContextManager[ExecutionContext]:
    if owner == PLATFORM:
        return platform_scope("check a credential of the platform")
    with platform_scope("find the shop of a credential"):
        tenant = get_tenant_by_id(owner).ref()
    return tenant_scope(tenant)
