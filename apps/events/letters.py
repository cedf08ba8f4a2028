"""Dead letters: which ones are meant, and one more try for them, at once or so many a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.events import hints, queries
from apps.events.errors import NothingChosen
from apps.events.logs import log_id
from apps.events.models import DeadLetter
from apps.operations import wakeups
from rustok.db.transactions import unit_of_work

MOST_PER_SECOND: Final = 10_000.0
LEAST_PER_SECOND: Final = 0.01

# Spread by position: the first at once, each further one a step later; the relay takes what has come of age.
_MARK: Final = """
    UPDATE events_dead_letter letter
    SET redrive = true, redrive_at = statement_timestamp() + make_interval(secs => (chosen.n - 1) * %(step)s)
    FROM (
        SELECT id, row_number() OVER (ORDER BY position, id) AS n FROM events_dead_letter
        WHERE id = ANY (%(ids)s::uuid[])
    ) chosen
    WHERE letter.id = chosen.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Dead letters of the current log by what is given, all together; `every` says that nothing given means all.

    `event_type` is a wire type, `first` and `last` are positions of events in the log.
    """

    ids: Sequence[UUID] | None = None
    event_type: str | None = None
    subscription: str | None = None
    first: int | None = None
    last: int | None = None
    every: bool = False

    def rows(self) -> QuerySet[DeadLetter]:
        """The letters, oldest position first; raises NothingChosen for a choice that names nothing."""
        given = (self.ids, self.event_type, self.subscription, self.first, self.last)
        if not self.every and all(value is None for value in given):
            raise NothingChosen
        letters = queries.dead_letters(subscription=self.subscription, event_type=self.event_type, ids=self.ids)
        if self.first is not None:
            letters = letters.filter(position__gte=self.first)
        return letters if self.last is None else letters.filter(position__lte=self.last)


def redrive(letters: QuerySet[DeadLetter], *, per_second: float | None = None) -> int:
    """Ask for one more try of these letters and return how many; what fails again stays dead.

    `per_second` (0.01 to 10,000) spreads them over time; None means at once. A redriven event arrives out of its
    stream's order: what came after it has been delivered long ago. Costs three statements, whatever the number.
    """
    with unit_of_work() as uow, connection.cursor() as cursor:
        found = list(letters.values_list("pk", "subscription_id"))
        step = 0.0 if per_second is None else 1 / min(MOST_PER_SECOND, max(LEAST_PER_SECOND, per_second))
        cursor.execute(_MARK, {"ids": [pk for pk, _subscription in found], "step": step})
        count = int(cursor.rowcount)
        wakeups.make_due(tenant_id=log_id(), subscription_ids=sorted({subscription for _pk, subscription in found}))
        uow.after_commit(hints.hint)
    return count
