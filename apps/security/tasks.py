"""What this app does on the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from apps.security.chain import retention, rounds
from apps.security.tokens.services import PRUNE_BATCH, prune
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from rustok.celery import task
from rustok.config import config
from rustok.errors import DomainError
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

SLICE: Final = 1.0  # seconds of one round
PRUNE_EVERY: Final = 6 * 3600.0
PRUNE_ROUNDS: Final = 20


@task(name="security.seal_audit", permission=INTERNAL, criticality=Criticality.HIGH, every=1.0)
def seal_audit() -> None:
    """Number, hash and sign audit entries; parallel rounds leave each other's logs alone."""
    rounds.run(seconds=SLICE)


@task(name="security.prune_audit", permission=INTERNAL, criticality=Criticality.LOW, every=PRUNE_EVERY)
def prune_audit() -> None:
    """Move audit entries that are older than `audit_retention_days` to sealed files; 0 days keep them all."""
    if days := config().audit_retention_days:
        retention.sweep(older_than=timedelta(days=days))


@task(name="security.prune_tokens", permission=INTERNAL, criticality=Criticality.LOW, every=PRUNE_EVERY)
def prune_tokens() -> None:
    """Forget service tokens that ended a week ago, the platform's and every shop's."""
    with platform_scope("forget ended service tokens, find the shops in business"):
        _prune()
        shops = [shop.ref() for shop in active_tenants()]
    for shop in shops:
        try:
            with tenant_scope(shop):
                _prune()
        except DomainError as error:  # one shop that cannot be reached does not stop the sweep
            log_event("tokens.prune_failed", tenant=shop.slug, error=error.name)


def _prune() -> None:
    for _round in range(PRUNE_ROUNDS):
        pruned = prune(at=timezone.now())
        if pruned:
            log_event("tokens.pruned", families=pruned)
        if pruned < PRUNE_BATCH:
            return
