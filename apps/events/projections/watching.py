"""Who looks after projections: the lag of each tenant as a metric, and whether one stands still or lacks facts."""

from __future__ import annotations

import logging
from typing import Final

from django.db import Error as DatabaseError

from apps.events.projections.metrics import observe_lag
from apps.events.projections.states import ProjectionState, projection_states
from apps.events.relay.scopes import log_scope
from apps.operations.wakeups import DUES, PLATFORM
from apps.tenants.errors import TenantNotFound, TenantNotReady, TenantSuspended
from rustok.db.shared import shared_rows
from rustok.errors import DomainError
from rustok.telemetry.logging import log_event

MOST: Final = 200  # tenants of one look; who is not due has no lag

_WAITING: Final = f"""
    SELECT tenant_id FROM {DUES} WHERE due_at IS NOT NULL AND tenant_id <> %s
    GROUP BY tenant_id ORDER BY min(due_at) LIMIT %s
"""  # noqa: S608 - constants only

_lagging: Final[set[tuple[str, str]]] = set()  # (projection, tenant) whose lag was not 0 when we last looked


def observe_lags() -> list[tuple[str, ProjectionState]]:
    """Set the lag of every active tenant that waits for something, clear the others'; who waits, by tenant's slug.

    One statement, and one per waiting tenant (at most MOST). Runs outside every scope.
    """
    found: list[tuple[str, ProjectionState]] = []
    for (tenant_id,) in shared_rows(_WAITING, [PLATFORM, MOST]):
        try:
            with log_scope(tenant_id) as context:
                slug = context.tenant.slug if context.tenant else ""
                found += [(slug, state) for state in projection_states() if state.live is not None]
        except (TenantNotFound, TenantSuspended, TenantNotReady):
            continue
        except (DatabaseError, DomainError) as error:  # a broken shop: the relay's check tells that it waits
            log_event("projection.lag_unknown", level=logging.WARNING, log=str(tenant_id), error=type(error).__name__)
    waiting = {(state.name, slug): state.lag_seconds for slug, state in found}
    for pair in _lagging - set(waiting):
        observe_lag(*pair, 0.0)
    for pair, seconds in waiting.items():
        observe_lag(*pair, seconds)
    _lagging.clear()
    _lagging.update(pair for pair, seconds in waiting.items() if seconds)
    return found
