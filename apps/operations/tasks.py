"""Housekeeping of the shared tables."""

from __future__ import annotations

from apps.operations.idempotency import purge_expired
from apps.tenants.isolation import platform_scope
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event


@task(name="operations.purge_idempotency", permission=INTERNAL, criticality=Criticality.LOW, every=3600.0)
def purge_idempotency() -> None:
    """Forget Idempotency-Keys past their day."""
    with platform_scope("purge idempotency keys"):
        purged = purge_expired()
    if purged:
        log_event("idempotency.purged", keys=purged)
