"""Machine work of orders."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from apps.orders.services import expire_carts
from apps.orders.services.carts import BATCH
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from rustok.celery import task
from rustok.errors import DomainError
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

SWEEP: Final = 30.0
ROUNDS: Final = 10


@task(name="orders.expire_carts", permission=INTERNAL, criticality=Criticality.NORMAL, every=SWEEP)
def expire_carts_everywhere() -> None:
    """End the carts that nobody came back for, shop by shop; one indexed statement for a shop with nothing to do."""
    with platform_scope("find the shops in business"):
        shops = [shop.ref() for shop in active_tenants()]
    for shop in shops:
        try:
            with tenant_scope(shop):
                _sweep()
        except DomainError as error:  # one shop that cannot be reached does not stop the sweep
            log_event("orders.sweep_failed", tenant=shop.slug, error=error.name)


def _sweep() -> None:
    for _round in range(ROUNDS):
        ended = expire_carts(at=timezone.now())
        if ended:
            log_event("orders.carts_expired", carts=ended)
        if ended < BATCH:
            return
