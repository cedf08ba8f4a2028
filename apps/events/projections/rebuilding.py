"""Building a projection anew beside the live one, comparing both, and letting the new one take over (ADR 0019).

A rebuild is rows: a second subscription with its cursor. It survives every process; whoever asks again goes on. Relays
feed it in turns like any subscription, so writes, other tenants and the live build go on. Runs in the scope of the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from apps.events import enrolment, hints
from apps.events.errors import HistoryRemoved, NothingToSwap, RebuildNotReady
from apps.events.logs import log_id
from apps.events.models import Cursor, Subscription
from apps.events.projections import TRANSPORT, Projection, Snapshot, get_projection, live_name, shadow_name, target_of
from apps.events.projections.snapshots import TableDiff, compare, sweep
from apps.events.projections.states import Build, ProjectionState, projection_states
from apps.events.queries import events_after, floor
from apps.events.records import StoredEvent
from apps.events.relay.rounds import run
from apps.operations import wakeups
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.deadlines import patient
from rustok.db.transactions import transactional, unit_of_work
from rustok.policy import require
from rustok.telemetry.logging import log_event

NEAR: Final = 5_000  # positions that a swap itself may make up, with both builds held
COMPARING: Final = 300  # seconds that comparing all rows may take; only the two builds wait meanwhile
_PAGE: Final = 1_000  # events that a swap counts at once
_SLICE: Final = 0.5  # seconds between two looks at the progress
PERMISSION: Final = "projection:rebuild"

_LOCK: Final = """
    SELECT c.id FROM events_cursor c JOIN events_subscription s ON s.id = c.subscription_id
    WHERE s.name = ANY (%s) ORDER BY s.id FOR NO KEY UPDATE OF c
"""
_HELD: Final = """
    SELECT s.name, s.id, s.target, c.position,
        (SELECT count(*) FROM events_parked p WHERE p.subscription_id = s.id)
        + (SELECT count(*) FROM events_dead_letter l WHERE l.subscription_id = s.id),
        ARRAY (SELECT p.stream FROM events_parked p WHERE p.subscription_id = s.id)
    FROM events_cursor c JOIN events_subscription s ON s.id = c.subscription_id
    WHERE s.name = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Live and shadow at one position. `diffs` is None when the live build could not be brought there."""

    projection: str
    position: int
    diffs: tuple[TableDiff, ...] | None
    swapped: bool = False

    @property
    def is_equal(self) -> bool | None:
        """Whether both say the same; None when they could not be compared."""
        return None if self.diffs is None else all(diff.is_equal for diff in self.diffs)


@dataclass(frozen=True, slots=True)
class _Held:
    """A build whose cursor is locked."""

    id: UUID
    target: str
    cursor: int
    refused: int
    parked: frozenset[str]


def state_of(name: str) -> ProjectionState:
    """One projection; raises UnknownProjection."""
    get_projection(name)
    return next(state for state in projection_states() if state.name == name)


@transactional
def start_rebuild(
    *,
    name: str,
    context: ExecutionContext,
    snapshot: Snapshot | None = None,
    after: int = 0,
    despite_removed: bool = False,
) -> Build:
    """Begin a shadow build from the log's first event, or go on with the one that is under way. Needs PERMISSION.

    With a `snapshot` that was taken at position `after` the shadow starts there. Where retention has removed events
    behind its start, the new rows would lack them: refused, unless `despite_removed`.
    Raises UnknownProjection, StaleSnapshot, HistoryRemoved.
    """
    require(context, PERMISSION)
    projection = get_projection(name)
    known = Subscription.objects.filter(name=shadow_name(name)).first()
    if known is not None and known.target != target_of(projection):
        _drop(known)  # half built by another version of the code
        known = None
    if known is None:
        removed = floor()
        if removed > (after if snapshot else 0) and not despite_removed:
            raise HistoryRemoved(projection=name, floor=removed)
        shadow = enrolment.enrol(
            tenant_id=log_id(),
            name=shadow_name(name),
            transport=TRANSPORT,
            target=target_of(projection),
            event_types=projection.handles,
            after=after if snapshot else 0,
        )
        if snapshot is not None:
            projection.restore(snapshot, shadow.pk)
    with unit_of_work() as uow:
        uow.audit(AuditEntry(action=PERMISSION, target=name, details={"resumed": known is not None}))
        uow.after_commit(hints.hint)
    found = state_of(name).shadow
    if found is None:
        raise NothingToSwap(projection=name)
    return found


def catch_up(*, name: str, seconds: float, told: Callable[[Build], None] | None = None) -> bool:
    """Relay this log here until the shadow is as far as the log's end, or the time is up; True when it is.

    Relays elsewhere help. `told` hears how far it is, about twice a second.
    Raises UnknownProjection, NothingToSwap (the shadow is gone).
    """
    until = time.monotonic() + seconds
    while True:
        is_busy = run(seconds=min(_SLICE, max(0.0, until - time.monotonic())), tenant_id=log_id())
        shadow = state_of(name).shadow
        if shadow is None:
            raise NothingToSwap(projection=name)
        if told is not None:
            told(shadow)
        if shadow.head - shadow.reached <= NEAR // 5:
            return True
        if time.monotonic() >= until:
            return False
        if not is_busy:
            time.sleep(_SLICE / 10)  # another relay holds the turn, or the destination pauses


@transactional
def compare_builds(*, name: str, context: ExecutionContext) -> Comparison:
    """Bring both builds to one position and compare every row. Needs `projection:read`.

    Raises UnknownProjection, NothingToSwap, RebuildNotReady.
    """
    require(context, "projection:read")
    return _compare(get_projection(name))[0]


@transactional
def swap_builds(*, name: str, context: ExecutionContext) -> Comparison:
    """Let the shadow take over: readers see the old rows until the commit and the new ones after it. Needs PERMISSION.

    Both builds are held meanwhile, so no fact is counted twice or missed; writers and readers are not.
    Raises UnknownProjection, NothingToSwap, RebuildNotReady. The old rows are left to `sweep_builds`.
    """
    require(context, PERMISSION)
    projection = get_projection(name)
    found, live, shadow = _compare(projection)
    with unit_of_work() as uow:
        Subscription.objects.filter(pk=live.id).delete()
        wakeups.forget(tenant_id=log_id(), subscription_id=live.id)
        Subscription.objects.filter(pk=shadow.id).update(name=live_name(name))
        wakeups.make_due(tenant_id=log_id(), subscription_ids=[shadow.id], take_over=True)
        details = {"position": found.position, "equal": found.is_equal}
        uow.audit(AuditEntry(action="projection:swap", target=name, details=details))
        uow.after_commit(hints.hint)
    return Comparison(name, found.position, found.diffs, swapped=True)


@transactional
def abandon_rebuild(*, name: str, context: ExecutionContext) -> bool:
    """Forget the shadow; False when there was none. Needs PERMISSION. Its rows are left to `sweep_builds`."""
    require(context, PERMISSION)
    get_projection(name)
    shadow = Subscription.objects.filter(name=shadow_name(name)).first()
    if shadow is None:
        return False
    _drop(shadow)
    with unit_of_work() as uow:
        uow.audit(AuditEntry(action="projection:abandon", target=name))
    return True


def sweep_builds(*, name: str) -> int:
    """Delete the rows of builds that are neither live nor shadow, in short transactions; how many."""
    tables, total = get_projection(name).tables, 0
    while count := sweep(tables):
        total += count
    return total


def take_snapshot(*, name: str, context: ExecutionContext) -> tuple[Snapshot, int]:
    """The live rows and the position they stand at. Needs `projection:read`. Raises UnknownProjection, NothingToSwap.

    Refused (RebuildNotReady) while facts are parked or dead: the rows would lack them for ever.
    """
    require(context, "projection:read")
    projection = get_projection(name)
    with unit_of_work():
        held = _hold(name).get(live_name(name))
        if held is None or held.refused or held.target != target_of(projection):
            raise RebuildNotReady(projection=name, behind=0, refused=held.refused if held else 0)
        return projection.snapshot(held.id), held.cursor


def _compare(projection: Projection) -> tuple[Comparison, _Held, _Held]:
    held = _hold(projection.name)
    live, shadow = held.get(live_name(projection.name)), held.get(shadow_name(projection.name))
    if live is None or shadow is None:
        raise NothingToSwap(projection=projection.name)
    if shadow.refused or live.cursor - shadow.cursor > NEAR:
        behind = max(0, live.cursor - shadow.cursor)
        raise RebuildNotReady(projection=projection.name, behind=behind, refused=shadow.refused)
    position = max(live.cursor, shadow.cursor)
    if not _bring(projection, shadow, position):
        raise RebuildNotReady(projection=projection.name, behind=position - shadow.cursor, refused=1)
    comparable = live.target == shadow.target and position - live.cursor <= NEAR
    comparable = comparable and _bring(projection, live, position)
    with patient(COMPARING):
        diffs = compare(projection.tables, live=live.id, shadow=shadow.id) if comparable else None
    wakeups.make_due(tenant_id=log_id(), subscription_ids=[live.id, shadow.id], take_over=True)
    return Comparison(projection.name, position, diffs), live, shadow


def _hold(name: str) -> dict[str, _Held]:
    """Lock the cursors of the builds. A turn of theirs that comes later finds the lock and pauses.

    Leases are taken over last, just before the commit: numbering writes those rows too and must not wait long for us.
    """
    names = [live_name(name), shadow_name(name)]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {COMPARING * 1000}")  # the web's own is too short for large rows
        cursor.execute(_LOCK, [names])
        cursor.execute(_HELD, [names])  # a statement of its own sees what the turn before us has committed
        return {
            row[0]: _Held(row[1], row[2], cursor=row[3], refused=row[4], parked=frozenset(row[5]))
            for row in cursor.fetchall()
        }


def _bring(projection: Projection, held: _Held, position: int) -> bool:
    """Count what is missing up to `position` into a held build; parked streams stay parked. False when it refused."""
    try:
        with transaction.atomic():
            for events in _missing(projection, held, position):
                projection.handle(events, held.id)
            if position > held.cursor:
                Cursor.objects.filter(subscription_id=held.id).update(position=position)
    except (InterfaceError, OperationalError):
        raise  # the database, not the facts
    except Exception as error:  # noqa: BLE001 - a projection's defect: the relay will park what it refuses
        log_event("projection.fact_refused", level=logging.WARNING, error=type(error).__name__)
        return False
    return True


def _missing(projection: Projection, held: _Held, position: int) -> Iterator[list[StoredEvent]]:
    reached = held.cursor
    while reached < position:
        events = events_after(reached, limit=_PAGE, event_types=projection.handles)
        due = [event for event in events if event.position <= position]
        if fresh := [event for event in due if event.stream not in held.parked]:
            yield fresh
        reached = due[-1].position if len(due) == _PAGE else position


def _drop(subscription: Subscription) -> None:
    wakeups.forget(tenant_id=log_id(), subscription_id=subscription.pk)
    subscription.delete()
