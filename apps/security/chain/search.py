"""Looking things up in the audit log of the current scope, by index.

Indexes for action, trace and words hold chained entries only: the writing transaction does not pay for them, the
sealing step does a moment later. Entries of the last second are found through the short index of the unchained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from apps.security.models import AuditEntry

MOST_WORDS: Final = 8
_WORD: Final = re.compile(r"\w+")
_MARGIN: Final = timedelta(minutes=5)  # ids carry the time of their maker's clock, which may differ from the column's
_CHAINED: Final = Q(number__isnull=False) | Q(number__isnull=True)
# The same text as the index of migration 0009 (`security_audit_words_ix`).
WORDS: Final = "security_audit_words(action, target, actor_label, reason, details)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """What to look for; everything given must fit. `action` may end with `*`. `text`: beginnings of words."""

    actor: str = ""
    action: str = ""
    target: str = ""
    subject: str = ""
    outcome: str = ""
    trace_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


def search(wanted: AuditSearch) -> QuerySet[AuditEntry]:
    """The entries that fit, newest first. One statement when read; pages go by id."""
    rows: QuerySet[AuditEntry] = AuditEntry.objects.order_by("-id")
    for name in ("actor", "target", "outcome"):
        if value := getattr(wanted, name):
            rows = rows.filter(**{name: value})
    if wanted.action:
        rows = rows.filter(_CHAINED, _action(wanted.action))
    if wanted.trace_id:
        rows = rows.filter(_CHAINED, trace_id=wanted.trace_id)
    if wanted.subject:
        rows = rows.filter(_sql("details #>> '{personal,subject}' = %s", wanted.subject))
    if wanted.text:
        rows = _with_words(rows, wanted.text)
    return _between(rows, wanted.since, wanted.until)


def first_id(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment (RFC 9562 section 5.7: 48 bits of milliseconds first)."""
    return UUID(int=min(max(0, int(moment.timestamp() * 1000)), 2**48 - 1) << 80)


def _action(text: str) -> Q:
    if not text.endswith("*"):
        return Q(action=text)
    return Q(action__gte=text[:-1], action__lt=text[:-1] + "\U0010ffff") if text != "*" else Q()


def _with_words(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words:
        return rows.none()
    query = " & ".join(f"'{word}':*" for word in words)
    return rows.filter(_CHAINED, _sql(f"{WORDS} @@ to_tsquery('simple', %s)", query))


def _between(rows: QuerySet[AuditEntry], since: datetime | None, until: datetime | None) -> QuerySet[AuditEntry]:
    """By time, and by id for the index: ids are time ordered."""
    if since is not None:
        rows = rows.filter(occurred_at__gte=since, id__gte=first_id(_moved(since, -_MARGIN)))
    if until is not None:
        rows = rows.filter(occurred_at__lt=until, id__lt=first_id(_moved(until, _MARGIN)))
    return rows


def _moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _sql(condition: str, value: str) -> RawSQL:
    return RawSQL(condition, [value], output_field=BooleanField())  # noqa: S611 - constants; values are parameters
