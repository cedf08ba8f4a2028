"""The transport of projections: a chunk of events becomes rows of the subscription's build, in the relay's transaction.

The first thing a turn does is lock its cursor. That orders it with a swap, which locks the cursors of both builds:
whoever comes second finds the lock taken, pauses, and looks afresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import OperationalError, ProgrammingError, connection, transaction

from apps.events.causation import caused_by
from apps.events.errors import UnknownProjection, UnknownTransport
from apps.events.logs import log_id
from apps.events.projections import TRANSPORT, get_projection, live_name, target_of
from apps.events.projections.metrics import observe_batch
from apps.events.records import StoredEvent
from apps.events.transports import DELIVERED, Outcome, Refused, Route
from apps.operations.wakeups import DUES, LeaseLost
from rustok.errors import DomainError
from rustok.tenant_config import tenant_config

# What comes soon after a turn waits for the next one: a busy shop costs some turns a second, not one per order. A first
# fact after a quiet time is counted at once. A backlog (a full chunk) does not rest.
_REST: Final = f"""
    UPDATE {DUES} SET not_before = statement_timestamp() + make_interval(secs => %(pause)s),
        due_at = CASE WHEN due_at IS NOT NULL
            THEN greatest(due_at, statement_timestamp() + make_interval(secs => %(pause)s)) END
    WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription)s AND lease_until IS NULL AND pauses = 0
"""  # noqa: S608 - constants only
_LOCK: Final = "SELECT position FROM events_cursor WHERE subscription_id = %s FOR NO KEY UPDATE SKIP LOCKED"


class ProjectionTransport:
    """One turn of one build. A chunk is one call of the projection; on an error it is offered in halves."""

    batch = 5_000
    chunk = 1_000
    transactional = True

    def __init__(self, route: Route) -> None:
        """Find the projection; raises UnknownTransport when its app is gone."""
        name, _dot, _version = route.target.rpartition(".v")
        try:
            self._projection = get_projection(name)
        except UnknownProjection as error:
            raise UnknownTransport(transport=f"{TRANSPORT} {route.target}") from error
        self._route = route
        self.label = route.name
        self._last: StoredEvent | None = None
        self._count = 0
        self._locked = False

    def publish(self, events: Sequence[StoredEvent], *, timeout: float) -> Sequence[Outcome]:  # noqa: ARG002 - protocol
        """Count the events in, inside savepoints; refused streams get no later event of the chunk."""
        if self._route.target != target_of(self._projection):
            reason = f"built as {self._route.target}, the code makes {target_of(self._projection)}: rebuild it"
            return [Refused(reason=reason, destination=True)] * len(events)
        if not self._lock():
            return [Refused(reason="a swap of builds is under way", destination=True)] * len(events)
        refused: dict[str, Refused] = {}
        outcomes = self._take(events, refused)
        taken = [event for event, outcome in zip(events, outcomes, strict=True) if outcome is DELIVERED]
        if taken:
            self._last, self._count = taken[-1], self._count + len(taken)
        return outcomes

    def log(self) -> None:
        """Hold the cursor even when there was nothing to count; after the commit rest a little, and tell the lag.

        Raises LeaseLost while somebody else holds the builds: the turn leaves no trace.
        """
        if not self._lock():
            raise LeaseLost
        last, count, route = self._last, self._count, self._route
        if last is None:
            return
        if count < self.chunk:
            transaction.on_commit(partial(_rest, route.subscription_id, tenant_config().projection_pause), robust=True)
        if route.name == live_name(self._projection.name):
            observe = partial(observe_batch, self._projection.name, route.tenant_slug, last.recorded_at, count)
            transaction.on_commit(observe, robust=True)

    def close(self) -> None:
        """Nothing is held."""

    def _lock(self) -> bool:
        if not self._locked:
            with connection.cursor() as cursor:
                cursor.execute(_LOCK, [self._route.subscription_id])
                self._locked = cursor.fetchone() is not None
        return self._locked

    def _take(self, events: Sequence[StoredEvent], refused: dict[str, Refused]) -> list[Outcome]:
        """All at once; else the first half, then the second without the streams that were refused."""
        fresh = [event for event in events if event.stream not in refused]
        answer = self._offer(fresh) if fresh else DELIVERED
        if isinstance(answer, Refused) and len(fresh) > 1 and not answer.destination:
            middle = len(events) // 2
            return [*self._take(events[:middle], refused), *self._take(events[middle:], refused)]
        if isinstance(answer, Refused):
            refused.update((event.stream, answer) for event in fresh)
        return [refused.get(event.stream, DELIVERED) for event in events]

    def _offer(self, events: Sequence[StoredEvent]) -> Outcome:
        try:
            with transaction.atomic(), caused_by(events[-1].id):
                self._projection.handle(events, self._route.subscription_id)
        except (OperationalError, ProgrammingError) as error:
            # no connection, no time, or no table yet (the fleet is being migrated): not the event's fault
            return Refused(reason=f"database: {type(error).__name__}", destination=True)
        except DatabaseError as error:
            return Refused(reason=f"database: {type(error).__name__}")
        except DomainError as error:
            return Refused(reason=str(error)[:500])
        except Exception as error:  # noqa: BLE001 - a projection's defect parks one key, not the relay
            return Refused(reason=f"{type(error).__name__}: {error}"[:500])
        return DELIVERED


def _rest(build: UUID, pause: float) -> None:
    if pause:
        with connection.cursor() as cursor:
            cursor.execute(_REST, {"tenant": log_id(), "subscription": build, "pause": pause})
