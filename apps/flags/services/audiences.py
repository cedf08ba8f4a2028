"""Large lists of users or tenants. Ids get dense ordinals once, so that a list is a small bitmap (trap 52)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.flags.models import UNITS, Audience
from apps.flags.registry import KEY, LONGEST_KEY, Unit
from apps.flags.services.versions import flag_change
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, current
from rustok.db.ids import IdSet
from rustok.db.transactions import current_unit_of_work, transactional
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.policy import require
from rustok.text import refuse

MOST: Final = 100_000  # ids in one call

# Two sessions may bring the same new id: the loser's insert does nothing, and the look-up finds the winner's number.
# A conflict burns a number all the same; known ids are left out first, or each sync would make later bitmaps larger.
_NUMBER: Final = """
INSERT INTO public.flags_subject (subject)
SELECT given FROM unnest(%s::uuid[]) AS given
WHERE NOT EXISTS (SELECT FROM public.flags_subject s WHERE s.subject = given)
ON CONFLICT (subject) DO NOTHING
"""
_NUMBERS: Final = "SELECT ordinal FROM public.flags_subject WHERE subject = ANY (%s::uuid[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceChange:
    """Ids to add and to take out (in this order); `of` decides what a new audience is a list of.

    `create`: True, it must be new; False, it must be there; None, either.
    """

    add: Sequence[UUID] = ()
    remove: Sequence[UUID] = ()
    of: str = Unit.ACTOR.value
    create: bool | None = None
    delete: bool = False


@transactional
def change_audience(
    *, key: str, input: AudienceChange, context: ExecutionContext, expected_version: int | None = None
) -> Audience:
    """Make, change or delete an audience of the current shop, or of the platform. Needs `flag:update`.

    Raises InvalidInput, NotFound, DuplicateEntry, VersionConflict. Cost: four statements whatever the number of ids.
    """
    require(context, "flag:update")
    _check(key, input)
    scope = current().tenant
    owner = None if scope is None else scope.id
    with flag_change(context):
        audience = Audience.objects.select_for_update().filter(key=key, tenant_id=owner).first()
        if audience is None and (input.delete or input.create is False):
            raise NotFound(resource=_("audience"))
        if audience is not None and input.create:
            raise DuplicateEntry(resource=_("audience"), value=key)
        audience = audience or Audience(key=key, tenant_id=owner, of=input.of, version=0)
        if expected_version is not None and audience.version != expected_version:
            raise VersionConflict(resource=_("audience"), current=audience.version)
        before = audience.count
        if input.delete:
            audience.delete()
        else:
            _store(audience, input)
    details = {"from": before, "to": audience.count, "added": len(input.add), "removed": len(input.remove)}
    current_unit_of_work().audit(AuditEntry(action="audience:update", target=key, details=details))
    return audience


def _check(key: str, given: AudienceChange) -> None:
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise refuse("key", "key", _("Lower-case words joined by hyphens."))
    if given.of not in dict(UNITS):
        raise refuse("of", "choice", _("One of: %(choices)s.") % {"choices": "tenant, actor"})
    for name, ids in (("add", given.add), ("remove", given.remove)):
        if len(ids) > MOST:
            raise refuse(name, "count", _("At most %(most)s at a time.") % {"most": MOST})


def _store(audience: Audience, given: AudienceChange) -> None:
    members = audience.ids
    if given.add:
        members |= _ordinals(given.add, make=True)
    if given.remove:
        members -= _ordinals(given.remove, make=False)
    audience.members, audience.count = members.to_bytes(), len(members)
    audience.version, audience.changed_at = audience.version + 1, timezone.now()
    audience.save()


def _ordinals(ids: Sequence[UUID], *, make: bool) -> IdSet:
    subjects = sorted(set(ids))
    with connections[current_unit_of_work().using].cursor() as cursor:
        if make:
            cursor.execute(_NUMBER, [subjects])
        cursor.execute(_NUMBERS, [subjects])
        return IdSet(row[0] for row in cursor.fetchall())
