"""A shop's trust policy as requests need it: one statement per shop, process and two seconds, else from memory.

Whoever changes the policy is seen by other processes within `STALE_SECONDS`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

from django.db import connection

from apps.security.models.trust import OFF, OPTIONAL, REQUIRED
from rustok.context import current
from rustok.tenant_config import tenant_config

STALE_SECONDS: Final = 2.0
_CAPACITY: Final = 10_000
_READ: Final = (
    "SELECT signatures, rate_per_tenant, rate_per_key, rate_per_route, allowed_origins FROM security_trustpolicy"
)

__all__ = ["OFF", "OPTIONAL", "REQUIRED", "STALE_SECONDS", "Rules", "forget_rules", "rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one shop; rates are cost units in a minute."""

    signatures: str
    rate_per_tenant: int
    rate_per_key: int
    rate_per_route: int
    allowed_origins: frozenset[str]


_known: Final[OrderedDict[str | None, tuple[float, Rules]]] = OrderedDict()
_lock: Final = Lock()


def rules() -> Rules:
    """The rules of the current scope."""
    schema, now = current().schema, time.monotonic()
    with _lock:
        found = _known.get(schema)
    if found is not None and now - found[0] < STALE_SECONDS:
        return found[1]
    read = _read()
    with _lock:
        _known[schema] = (now, read)
        _known.move_to_end(schema)
        while len(_known) > _CAPACITY:
            _known.popitem(last=False)
    return read


def forget_rules() -> None:
    """Read afresh at the next request of this process."""
    with _lock:
        _known.clear()


def _read() -> Rules:
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        row = cursor.fetchone() or (OPTIONAL, None, None, None, ())
    settings = tenant_config()
    return Rules(
        signatures=row[0],
        rate_per_tenant=row[1] or settings.rate_per_tenant,
        rate_per_key=row[2] or settings.rate_per_key,
        rate_per_route=row[3] or settings.rate_per_route,
        allowed_origins=frozenset(row[4]),
    )
