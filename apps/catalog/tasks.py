"""Machine work of the catalogue."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from apps.catalog.services import release_expired
from apps.catalog.services.holds import BATCH
from apps.tenants.isolation import in_every_shop
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

SWEEP: Final = 15.0  # seconds between two looks; a reservation outlives its end by no more than about that
_OVER: Final = "catalog_reservation WHERE status = 'held' AND expires_at <= statement_timestamp()"
ROUNDS: Final = 10  # batches of one shop per sweep: a flood in one shop does not keep the others waiting


@task(name="catalog.release_expired", permission=INTERNAL, criticality=Criticality.NORMAL, every=SWEEP)
def release_expired_reservations() -> None:
    """Give back what was held too long, shop by shop; one statement asks a hundred shops whether there is anything."""
    in_every_shop(_sweep, reason="release expired reservations", where=_OVER)


def _sweep() -> None:
    for _round in range(ROUNDS):
        released = release_expired(at=timezone.now())
        if released:
            log_event("catalog.reservations_expired", reservations=released)
        if released < BATCH:
            return
