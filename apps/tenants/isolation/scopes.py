"""`tenant_scope` and `platform_scope`: they change the ContextVar and nothing else; the database backend reads it.

Generator-based on purpose: a class-based ContextDecorator keeps the previous tenant on one shared instance, and
recursion or threads leave the wrong one behind (trap 51).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from apps.tenants.errors import TenantNotReady, TenantSuspended
from apps.tenants.models import Tenant
from apps.tenants.resolution.directory import directory
from apps.tenants.states import ACTIVE, SUSPENDED
from rustok.context import ExecutionContext, TenantRef, current, use
from rustok.errors.families import TenantContextMissing


class ScopeMixedUp(RuntimeError):
    """A scope ended while another was active: a generator yielded inside one, or they were closed out of order."""


def current_tenant() -> TenantRef:
    """The active tenant; raises TenantContextMissing in the platform scope and outside every scope."""
    tenant = current().tenant
    if tenant is None:
        raise TenantContextMissing
    return tenant


@contextmanager
def tenant_scope(tenant: TenantRef | Tenant | str, *, even_suspended: bool = False) -> Iterator[ExecutionContext]:
    """Work inside one tenant, given as reference, model instance or slug; actor, permissions and trace stay.

    Refuses a tenant that is not active (TenantSuspended, TenantNotReady), so that tasks and deliveries of a suspended
    shop stop at this door; maintenance that must reach it anyway (migrations, support, export) says `even_suspended`.
    A slug is looked up in the directory and may raise TenantNotFound.
    """
    ref = _ref(tenant)
    if not even_suspended:
        refuse_unless_active(ref)
    with _entered(replace(current(), tenant=ref, platform=False)) as entered:
        yield entered


@contextmanager
def platform_scope(reason: str) -> Iterator[ExecutionContext]:
    """Work in the shared schema. `reason` tells the reader of the code why; people's deeds are audited by services."""
    if not reason:
        raise ValueError("say why the platform scope is opened")
    with _entered(replace(current(), tenant=None, platform=True)) as entered:
        yield entered


def refuse_unless_active(tenant: TenantRef) -> None:
    """Raise TenantSuspended or TenantNotReady unless the tenant is in business."""
    if tenant.status == SUSPENDED:
        raise TenantSuspended(slug=tenant.slug)
    if tenant.status != ACTIVE:
        raise TenantNotReady(slug=tenant.slug, retry_after=5)


@contextmanager
def _entered(context: ExecutionContext) -> Iterator[ExecutionContext]:
    with use(context):
        yield context
        if current().schema != context.schema:
            raise ScopeMixedUp(f"left {context.schema} while {current().schema} was active")


def _ref(tenant: TenantRef | Tenant | str) -> TenantRef:
    if isinstance(tenant, TenantRef):
        return tenant
    if isinstance(tenant, Tenant):
        return tenant.ref()
    return directory().by_slug(tenant)
