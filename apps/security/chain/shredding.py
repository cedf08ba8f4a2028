"""Making the personal data of one person unreadable in the audit log, for ever, without breaking the chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.chain.personal import SUBJECT
from apps.security.models import SubjectKey
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.policy import require

ACTION = "audit:shred"
COUNT = "SELECT count(*) FROM security_auditentry WHERE details #>> '{personal,subject}' = %s"


@dataclass(frozen=True, slots=True)
class Shredded:
    """The receipt: whose data, in how many entries, since when it is gone, and whether it was gone before."""

    subject: str
    entries: int
    at: datetime
    already: bool


def shred(*, subject: str, reason: str, context: ExecutionContext) -> Shredded:
    """Destroy the key of a person (`customer:<id>`, `user:<id>`) in the current scope's log. Needs `audit:shred`.

    What is noted about that person later is dropped as well. Shredding again changes nothing. Entries of the last
    second that are not chained yet lose their data when they are. Raises InvalidInput.
    """
    require(context, ACTION)
    if not SUBJECT.fullmatch(subject):
        raise InvalidInput(errors=(FieldError("/subject", "subject", str(_("Write a person as kind:id."))),))
    now = timezone.now()
    with unit_of_work() as uow:
        SubjectKey.objects.bulk_create([SubjectKey(subject=subject, created_at=now)], ignore_conflicts=True)
        key = SubjectKey.objects.select_for_update().get(subject=subject)
        already = key.shredded_at is not None
        entries = _count(subject)
        if not already:
            key.key, key.shredded_at = None, now
            key.save(update_fields=["key", "shredded_at"])
            uow.audit(AuditEntry(action=ACTION, target=subject, reason=reason, details={"entries": entries}))
    return Shredded(subject, entries, key.shredded_at or now, already)


def _count(subject: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [subject])
        return int(cursor.fetchone()[0])
