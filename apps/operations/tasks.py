"""Housekeeping of the shared tables."""

from __future__ import annotations

from apps.operations.buckets import purge_buckets
from apps.operations.idempotency import purge_expired
from apps.operations.nonces import purge_nonces
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


@task(name="operations.purge_trust", permission=INTERNAL, criticality=Criticality.LOW, every=600.0)
def purge_trust() -> None:
    """Forget nonces past their end and buckets that are full again."""
    with platform_scope("purge nonces and rate limits"):
        nonces, buckets = purge_nonces(), purge_buckets()
    if nonces or buckets:
        log_event("trust.purged", nonces=nonces, buckets=buckets)
