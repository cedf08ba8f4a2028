"""Machine work in every shop in business, one after the other: one that is out of order does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction

from apps.tenants.isolation.scopes import platform_scope, tenant_scope
from apps.tenants.models import Tenant
from apps.tenants.states import ACTIVE
from rustok.context import TenantRef
from rustok.errors import DomainError
from rustok.telemetry.logging import log_event

GIVE_UP: Final = 3  # shops in a row that the database does not serve: then it is the database; the clock comes again

ASKED: Final = 100  # shops that one statement asks whether there is anything to do


def in_every_shop(
    work: Callable[[], object],
    *,
    reason: str,
    where: str = "",
    even_suspended: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Do the work in the scope of each active shop until all had it or `stopping` says so. For the clock's tasks.

    `where` says which rows make a visit worth while, as "orders_cart WHERE status = 'open'": code, never input. Shops
    without such a row are passed over, a hundred of them for one statement. A shop where the work fails is named in the
    log and passed over. Raises what the database says when GIVE_UP shops in a row could not be served at all.
    """
    with platform_scope(reason):
        shops = [shop.ref() for shop in Tenant.objects.filter(status=ACTIVE).order_by("slug")]
        if where:
            shops = [shop for first in range(0, len(shops), ASKED) for shop in _waiting(shops[first:][:ASKED], where)]
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


def _waiting(shops: Sequence[TenantRef], where: str) -> Iterator[TenantRef]:
    """Those with such a row; all of them when one is so much out of order that the question fails."""
    questions = [
        f'SELECT {number} WHERE EXISTS (SELECT 1 FROM "{shop.schema}".{where})'  # noqa: S608 - names of ours
        for number, shop in enumerate(shops)
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(questions))
            found = {number for (number,) in cursor.fetchall()}
    except DatabaseError:
        found = set(range(len(shops)))
    return (shop for number, shop in enumerate(shops) if number in found)
