"""Whether this process knows the flags, and whether any of them should be gone."""

from __future__ import annotations

from math import isfinite
from typing import Final

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.flags.evaluation import poller
from apps.flags.queries import flags
from rustok.health import Check, CheckFailed, Observation, Reason, Surface, register

LATE: Final = 5.0  # seconds; the promise is one


def fresh_flags() -> Observation:
    """The value is how old the knowledge of this process is, in seconds."""
    poller().current()
    age = poller().store.age()
    if age > LATE:
        seen = Observation(round(age, 2), "s") if isfinite(age) else None  # infinite: never read
        raise CheckFailed(_("the flags cannot be read; the last known values are used"), seen)
    return Observation(value=round(age, 2), unit="s", warning=_overdue())


def _overdue() -> Reason:
    today = timezone.now().date()
    try:
        late = [view.key for view in flags() if view.is_overdue(today)]
    except DatabaseError:
        return Reason()
    return Reason(_("past their date: {flags}"), flags=", ".join(late)) if late else Reason()


register(Check(name="flags", run=fresh_flags, interval=10, timeout=5, affects=frozenset({Surface.REST})))
