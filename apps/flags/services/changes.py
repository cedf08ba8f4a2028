"""Changing a flag: by operators for everybody, by a shop's staff for the shop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.flags.errors import FlagNotDelegated, FlagNotFound, UnknownAudience
from apps.flags.models import Audience, Flag, ShopTargeting
from apps.flags.registry import KEY, LONGEST_KEY, Unit
from apps.flags.services.upkeep import row_of, spec_of
from apps.flags.services.versions import flag_change
from apps.flags.targeting import Targeting, checked
from apps.tenants.isolation import current_tenant
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import current_unit_of_work, transactional
from rustok.errors.families import DuplicateEntry, VersionConflict
from rustok.policy import require
from rustok.text import clean, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFlag:
    """What to change; None leaves a field as it is. A flag that is not in the code needs an owner and a date.

    `create`: True, the flag must be new; False, it must be known (stored or declared); None, either.
    """

    owner: str | None = None
    expires: date | None = None
    note: str | None = None
    unit: str | None = None
    delegated: bool | None = None
    killed: bool | None = None
    targeting: Targeting | None = None
    create: bool | None = None


@transactional
def change_flag(
    *, key: str, input: ChangeFlag, context: ExecutionContext, expected_version: int | None = None, reason: str = ""
) -> Flag:
    """Set the operators' side of a flag, new or not. Needs `flag:update`, on the platform host.

    Raises InvalidInput, UnknownAudience, VersionConflict, FlagNotFound, DuplicateEntry.
    """
    require(context, "flag:update")
    fields = _checked_fields(key, input)
    reason = clean(reason, field="reason", longest=255, required=False)
    with flag_change(context):
        flag = Flag.objects.select_for_update().filter(name=key).first()
        is_new = flag is None
        _check_there(key, input.create, there=not is_new or spec_of(key) is not None)
        if flag is None:
            flag = _first(key, fields)
        _check_version(flag.version if not is_new else 0, expected_version)
        before = {name: getattr(flag, name) for name in fields}
        if input.targeting is not None:
            _check_audiences(input.targeting, owners=[None])
        for name, value in fields.items():
            setattr(flag, name, value)
        flag.version = 1 if is_new else flag.version + 1
        flag.save(force_insert=is_new)
    details = {"new": is_new, **_difference(before, fields, is_new)}
    _audit("flag:update", key, reason, details)
    return flag


@transactional
def target_in_shop(
    *,
    key: str,
    targeting: Targeting | None,
    context: ExecutionContext,
    expected_version: int | None = None,
    reason: str = "",
) -> int:
    """Set how the current shop targets a flag inside the shop; None takes it back. Needs `flag:update`.

    Returns the version (0: none). Raises FlagNotFound, FlagNotDelegated, InvalidInput, UnknownAudience,
    VersionConflict.
    """
    require(context, "flag:update")
    tenant = current_tenant()
    wanted = None if targeting is None else checked(targeting, of_shop=True)
    reason = clean(reason, field="reason", longest=255, required=False)
    with flag_change(context):
        flag = _delegated(key)
        own = ShopTargeting.objects.select_for_update().filter(flag=flag, tenant_id=tenant.id).first()
        _check_version(own.version if own else 0, expected_version)
        before = own.targeting if own else None
        version = _store_own(flag, tenant.id, own, wanted)
    _audit("flag:target", key, reason, {"from": before, "to": None if wanted is None else wanted.as_dict()})
    return version


def _audit(action: str, key: str, reason: str, details: dict[str, Any]) -> None:
    current_unit_of_work().audit(AuditEntry(action=action, target=key, reason=reason, details=details))


def _checked_fields(key: str, given: ChangeFlag) -> dict[str, Any]:
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise refuse("key", "key", _("Lower-case words joined by hyphens."))
    fields: dict[str, Any] = {}
    if given.owner is not None:
        fields["owner"] = clean(given.owner, field="owner", longest=64)
    if given.note is not None:
        fields["note"] = clean(given.note, field="note", longest=500, required=False)
    if given.unit is not None:
        if given.unit not in {unit.value for unit in Unit}:
            raise refuse("unit", "choice", _("One of: %(choices)s.") % {"choices": "tenant, actor"})
        fields["unit"] = given.unit
    if given.expires is not None:
        fields["expires_on"] = given.expires
    if given.delegated is not None:
        fields["delegated"] = given.delegated
    if given.killed is not None:
        fields["everyone"] = False if given.killed else None
    if given.targeting is not None:
        fields["targeting"] = checked(given.targeting, of_shop=False).as_dict()
    return fields


def _first(key: str, fields: dict[str, Any]) -> Flag:
    """A new row: from the code's declaration, or from what the operator says."""
    spec = spec_of(key)
    if spec is not None:
        return row_of(spec)
    for name, field in (("owner", "owner"), ("expires_on", "expires")):
        if not fields.get(name):
            raise refuse(field, "missing", _("A flag has an owner and a date of expiry."))
    return Flag(name=key, superusers=False)


def _delegated(key: str) -> Flag:
    """The row of a flag that shops may target; a flag of the code gets its row here."""
    flag = Flag.objects.filter(name=key).first()
    if flag is None:
        if spec_of(key) is None:
            raise FlagNotFound(key=key)
        flag = _first(key, {})
    if not flag.delegated:
        raise FlagNotDelegated(key=key)
    if flag._state.adding:
        flag.save(force_insert=True)
    return flag


def _store_own(flag: Flag, tenant_id: UUID, own: ShopTargeting | None, wanted: Targeting | None) -> int:
    if wanted is None:
        if own is not None:
            own.delete()
        return 0
    _check_audiences(wanted, owners=[None, tenant_id])
    own = own or ShopTargeting(flag=flag, tenant_id=tenant_id, version=0)
    own.targeting, own.version, own.changed_at = wanted.as_dict(), own.version + 1, timezone.now()
    own.save()
    return own.version


def _check_version(current: int, expected: int | None) -> None:
    if expected is not None and current != expected:
        raise VersionConflict(resource=_("flag"), current=current)


def _check_there(key: str, create: bool | None, *, there: bool) -> None:
    if create and there:
        raise DuplicateEntry(resource=_("flag"), value=key)
    if create is False and not there:
        raise FlagNotFound(key=key)


def _check_audiences(targeting: Targeting, owners: Iterable[UUID | None]) -> None:
    named = {*targeting.on.audiences, *targeting.off.audiences}
    if not named:
        return
    keys = set()
    for owner in owners:
        keys |= set(Audience.objects.filter(tenant_id=owner, key__in=named).values_list("key", flat=True))
    for missing in sorted(named - keys):
        raise UnknownAudience(key=missing)


def _difference(before: dict[str, Any], after: dict[str, Any], is_new: bool) -> dict[str, Any]:
    plain = {name: (str(v) if isinstance(v, date) else v) for name, v in before.items()}
    return {
        name: {"from": None if is_new else plain[name], "to": str(value) if isinstance(value, date) else value}
        for name, value in after.items()
        if is_new or before[name] != value
    }
