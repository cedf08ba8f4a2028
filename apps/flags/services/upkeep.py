"""Rows for what the code declares, and nothing for shops that are gone."""

from __future__ import annotations

from uuid import UUID

from apps.flags.models import Audience, Flag, ShopTargeting
from apps.flags.registry import FlagSpec, declared
from apps.flags.services.versions import flag_change
from apps.tenants.isolation import platform_scope
from rustok.context import ExecutionContext
from rustok.db.transactions import transactional
from rustok.policy import require


@transactional
def sync_declared(*, context: ExecutionContext) -> int:
    """Make missing rows and bring owner, date and note of the others to what the code says. Needs `flag:update`.

    Returns how many rows changed; normally none, for one statement.
    """
    require(context, "flag:update")
    with platform_scope("compare the flags of the code with the stored ones"):
        rows = {row.name: row for row in Flag.objects.all()}
    late = [spec for spec in declared() if not _is_same(rows.get(spec.key), spec)]
    if not late:
        return 0
    with flag_change(context):
        for spec in late:
            row = Flag.objects.select_for_update().filter(name=spec.key).first() or row_of(spec)
            row.owner, row.expires_on, row.note = spec.owner, spec.expires, spec.note
            row.save()
    return len(late)


@transactional
def forget_shop(*, tenant_id: UUID, context: ExecutionContext) -> None:
    """Drop what a shop has set: for the deletion of a tenant. Needs `tenant:delete`."""
    require(context, "tenant:delete")
    with flag_change(context):
        ShopTargeting.objects.filter(tenant_id=tenant_id).delete()
        Audience.objects.filter(tenant_id=tenant_id).delete()


def spec_of(key: str) -> FlagSpec | None:
    """What the code declares under a key."""
    return next((spec for spec in declared() if spec.key == key), None)


def row_of(spec: FlagSpec) -> Flag:
    """The first row of a declared flag, not yet stored."""
    return Flag(
        name=spec.key,
        owner=spec.owner,
        expires_on=spec.expires,
        note=spec.note,
        unit=spec.unit.value,
        delegated=spec.delegated,
        superusers=False,
    )


def _is_same(row: Flag | None, spec: FlagSpec) -> bool:
    return row is not None and (row.owner, row.expires_on, row.note) == (spec.owner, spec.expires, spec.note)
