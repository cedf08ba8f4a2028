"""Machine work of orders."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from apps.orders.services import expire_carts
from apps.orders.services.carts import BATCH
from apps.tenants.isolation import in_every_shop
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry import log_event

SWEEP: Final = 30.0
_OVER: Final = "orders_cart WHERE status = 'open' AND expires_at <= statement_timestamp()"
ROUNDS: Final = 10


@task(name="orders.expire_carts", permission=INTERNAL, criticality=Criticality.NORMAL, every=SWEEP)
def expire_carts_everywhere() -> None:
    """End the carts that nobody came back for, shop by shop; one statement asks a hundred whether there is anything."""
    in_every_shop(_sweep, reason="expire carts", where=_OVER)


def _sweep() -> None:
    for _round in range(ROUNDS):
        ended = expire_carts(at=timezone.now())
        if ended:
            log_event("orders.carts_expired", carts=ended)
        if ended < BATCH:
            return
