"""What this app does on the clock."""

from __future__ import annotations

from typing import Final

from apps.security.chain import rounds
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality

SLICE: Final = 1.0  # seconds of one round


@task(name="security.seal_audit", permission=INTERNAL, criticality=Criticality.HIGH, every=1.0)
def seal_audit() -> None:
    """Number, hash and sign audit entries; parallel rounds leave each other's logs alone."""
    rounds.run(seconds=SLICE)
