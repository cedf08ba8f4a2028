"""Whether audit entries are chained in time: until then, who owns the database could change them unseen."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.security.chain.rounds import unchained_age
from rustok.health import Check, CheckFailed, Observation, Surface, register

LATE_SECONDS: Final = 30.0
STUCK_SECONDS: Final = 120.0


def audit() -> Observation:
    """The value is the age of the oldest entry without a hash, in seconds, over all logs. One statement."""
    age = round(unchained_age(), 1)
    if age > STUCK_SECONDS:
        text = _("audit entries have waited {seconds} s for their hash")
        raise CheckFailed(text, Observation(age, "s"), seconds=f"{age:.0f}")
    return Observation(value=age, unit="s", warning=_("audit entries are chained late") if age > LATE_SECONDS else "")


register(Check(name="audit", run=audit, interval=15, timeout=5, affects=frozenset({Surface.AUDIT})))
