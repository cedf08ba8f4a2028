"""Housekeeping of every shop's webhooks."""

from __future__ import annotations

from typing import Final

from apps.tenants.isolation import in_every_shop
from apps.webhooks.retention import forget_retired_secrets, purge_deliveries, seal_afresh
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

EVERY: Final = 3600.0


@task(name="webhooks.purge", permission=INTERNAL, criticality=Criticality.LOW, every=EVERY)
def purge() -> None:
    """Shorten the delivery logs, forget retired secrets and seal the others under the newest key, shop by shop."""
    in_every_shop(_purge, reason="purge deliveries")


def _purge() -> None:
    deleted, forgotten = purge_deliveries(), forget_retired_secrets()
    seal_afresh()
    if deleted or forgotten:
        log_event("webhook.purged", deliveries=deleted, secrets=forgotten)
