"""Housekeeping of every shop's webhooks."""

from __future__ import annotations

from typing import Final

from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from apps.webhooks.retention import forget_retired_secrets, purge_deliveries, seal_afresh
from rustok.celery import task
from rustok.errors import DomainError
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

EVERY: Final = 3600.0


@task(name="webhooks.purge", permission=INTERNAL, criticality=Criticality.LOW, every=EVERY)
def purge() -> None:
    """Shorten the delivery logs, forget retired secrets and seal the others under the newest key, shop by shop."""
    with platform_scope("find the shops in business"):
        shops = [shop.ref() for shop in active_tenants()]
    for shop in shops:
        try:
            with tenant_scope(shop):
                deleted, forgotten = purge_deliveries(), forget_retired_secrets()
                seal_afresh()
        except DomainError as error:  # one shop that cannot be reached does not stop the sweep
            log_event("webhook.purge_failed", tenant=shop.slug, error=error.name)
            continue
        if deleted or forgotten:
            log_event("webhook.purged", tenant=shop.slug, deliveries=deleted, secrets=forgotten)
