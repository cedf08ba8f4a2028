"""Writing tenants: building blocks. The use cases in `apps.lifecycle` own the transaction and the events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from apps.tenants.errors import TenantNotFound
from apps.tenants.models import Domain, Tenant, TenantChange
from apps.tenants.resolution.directory import directory
from rustok.db.transactions import current_unit_of_work, transaction_required
from rustok.errors.families import DuplicateEntry, VersionConflict
from rustok.tenant_config import OVERRIDABLE, checked

_CHANGE_LOCK: Final = 0x7E4A_47C5  # one writer at a time numbers changes, until its commit
_KEPT_CHANGES: Final = 10_000


@transaction_required
def register_tenant(*, slug: str, name: str, locale: str, domains: Sequence[str], at: datetime) -> Tenant:
    """Enter a tenant (status provisioning) with its hosts, the first of which is primary.

    Takes normalised values. Nobody resolves it before `move_tenant` announces that it is active.
    Raises DuplicateEntry for a slug or domain that is taken.
    """
    tenant = Tenant(slug=slug, name=name, locale=locale)
    _insert(tenant, resource="tenant", value=slug)
    for position, domain in enumerate(domains):
        row = Domain(domain=domain, tenant=tenant, is_primary=position == 0, verified_at=at)
        _insert(row, resource="domain", value=domain)
    return tenant


@transaction_required
def lock_tenant(tenant_id: UUID, *, expected_version: int | None = None) -> Tenant:
    """The tenant with its row locked; raises TenantNotFound, or VersionConflict when it is at another version."""
    tenant = Tenant.objects.select_for_update().filter(pk=tenant_id).first()
    if tenant is None:
        raise TenantNotFound(host=tenant_id)
    if expected_version is not None and tenant.version != expected_version:
        raise VersionConflict(resource="tenant", current=tenant.version)
    return tenant


@transaction_required
def move_tenant(tenant: Tenant, status: str, *, reason: str = "") -> None:
    """Change the status of a locked tenant and let every process know; raises IllegalTransition."""
    tenant.move_to(status, reason=reason)
    announce_change(tenant.pk)


@transaction_required
def configure_tenant(tenant: Tenant, *, change: Mapping[str, object], unset: Iterable[str] = ()) -> dict[str, Any]:
    """Set and remove overrides of a locked tenant and let every process know; returns those that hold now.

    Raises InvalidInput for a knob that is unknown or out of its limits, and then nothing is changed.
    """
    names = dict.fromkeys(unset)
    checked_change = checked(change)
    unknown = [name for name in names if name not in OVERRIDABLE]
    if unknown:
        checked(dict.fromkeys(unknown))
    kept = {name: value for name, value in tenant.overrides.items() if name not in names}
    tenant.configure(kept | checked_change)
    announce_change(tenant.pk)
    return dict(tenant.overrides)


@transaction_required
def announce_change(tenant_id: UUID) -> None:
    """Number this change for the directories of all processes. Call it last: it serialises writers until commit."""
    with connection.cursor() as cursor:
        # The lock is a statement of its own, so that the next one sees what the previous holder committed (trap 53).
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHANGE_LOCK])
        cursor.execute(
            "INSERT INTO public.tenants_tenantchange (revision, tenant_id, changed_at)"
            " SELECT coalesce(max(revision), 0) + 1, %s, now() FROM public.tenants_tenantchange RETURNING revision",
            [tenant_id],
        )
        revision = cursor.fetchone()[0]
    if revision % 1000 == 0:
        TenantChange.objects.filter(revision__lte=revision - _KEPT_CHANGES).delete()
    current_unit_of_work().after_commit(directory().recheck)


def _insert(row: Tenant | Domain, *, resource: str, value: str) -> None:
    try:
        with transaction.atomic():  # a savepoint: the refusal must not take the caller's transaction with it
            row.save(force_insert=True)
    except IntegrityError:
        raise DuplicateEntry(resource=resource, value=value) from None
