"""The relay's task. Its message carries nothing: what is to be done stands in the tables."""

from __future__ import annotations

import threading
from typing import Any, Final
from uuid import UUID

from celery.signals import worker_shutting_down

from apps.events import hints, inbox
from apps.events.relay import policy, stopping
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import run
from apps.events.retention import prune
from apps.operations.wakeups import PLATFORM
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from rustok.celery import task
from rustok.context import UNTRACED, amended
from rustok.operations import INTERNAL, Criticality
from rustok.resilience import dependency
from rustok.telemetry import log_event
from rustok.tenant_config import tenant_config

SLICE: Final = 1.0  # seconds of one task; then it re-queues itself behind the other tasks
SWEEP: Final = 1.0  # seconds between two sweeps of the beat: what a lost hint, a dead worker or a back-off left behind
EXPIRES: Final = 5.0  # seconds after which a hint that nobody took is worthless

_slots: Final = threading.BoundedSemaphore(policy.SLOTS)


@task(name="events.relay", permission=INTERNAL, criticality=Criticality.HIGH, every=SWEEP)
def relay() -> None:
    """Number and deliver for one time slice.

    A process with enough relays at work ignores the message: they go on until nothing is due, so they find what it
    announced.
    """
    if not _slots.acquire(blocking=False):
        return
    try:
        left_over = run(seconds=SLICE, report=RelayReport())
    finally:
        _slots.release()
    if left_over:
        with amended(trace=UNTRACED):  # what is left belongs to whoever left it, not to the trace that woke this task
            send_hint()


def send_hint() -> None:
    """Queue one relay task; raises what the broker's client raises, or CircuitOpen; never repeats."""
    dependency("broker").call(relay.apply_async, expires=EXPIRES, ignore_result=True, retry=False)


@task(name="events.prune", permission=INTERNAL, criticality=Criticality.LOW, every=3600.0)
def prune_logs() -> None:
    """Remove what the installation no longer wants to keep and everybody has; does nothing unless it is configured."""
    with platform_scope("prune the event logs"):
        tenants = [tenant.ref() for tenant in active_tenants()]
        _prune_log(PLATFORM)
    for tenant in tenants:
        if stopping.requested():
            return
        with tenant_scope(tenant, even_suspended=True):
            _prune_log(tenant.id)


def _prune_log(log: UUID) -> None:
    days = tenant_config().event_retention_days
    if not days:
        return
    pruned = prune(days=days)
    if pruned.events:
        log_event("events.pruned", log=str(log), events=pruned.events, floor=pruned.floor)


@task(name="events.forget_inbox", permission=INTERNAL, criticality=Criticality.LOW, every=6 * 3600.0)
def forget_inbox() -> None:
    """Drop inbox entries that are older than any delivery by itself repeats (`inbox.KEPT_DAYS`), scope by scope."""
    with platform_scope("forget inbox entries"):
        tenants = [tenant.ref() for tenant in active_tenants()]
        forgotten = inbox.forget()
    for tenant in tenants:
        if stopping.requested():
            return
        with tenant_scope(tenant, even_suspended=True):
            forgotten += inbox.forget()
    if forgotten:
        log_event("events.inbox_forgotten", entries=forgotten)


@worker_shutting_down.connect(weak=False)
def _hand_back(**_facts: Any) -> None:
    """A worker that got SIGTERM finishes what is on the wire; the rest goes to the other workers at once."""
    stopping.request()


hints.use_sender(hints.HintSender(send_hint))
