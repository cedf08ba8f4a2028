"""Machine work in every shop in business, one after the other: one that is out of order does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from apps.tenants.isolation.scopes import platform_scope, tenant_scope
from apps.tenants.models import Tenant
from apps.tenants.states import ACTIVE
from rustok.errors import DomainError
from rustok.telemetry.logging import log_event

GIVE_UP: Final = 3  # shops in a row that the database does not serve: then it is the database; the clock comes again


def in_every_shop(
    work: Callable[[], object],
    *,
    reason: str,
    even_suspended: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Do the work in the scope of each active shop until all had it or `stopping` says so. For the clock's tasks.

    A shop where it fails is named in the log and passed over. Raises what the database says when GIVE_UP shops in a row
    could not be served at all.
    """
    with platform_scope(reason):
        shops = [shop.ref() for shop in Tenant.objects.filter(status=ACTIVE).order_by("slug")]
    unserved = 0
    for shop in shops:
        if stopping():
            return
        try:
            with tenant_scope(shop, even_suspended=even_suspended):
                work()
            unserved = 0
        except (DomainError, DatabaseError) as error:
            unserved = unserved + 1 if isinstance(error, (OperationalError, InterfaceError)) else 0
            name = error.name if isinstance(error, DomainError) else type(error).__name__
            log_event("sweep.shop_failed", level=logging.ERROR, sweep=reason, shop=shop.slug, error=name)
            if unserved == GIVE_UP:
                raise
