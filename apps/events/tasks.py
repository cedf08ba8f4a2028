"""The relay's task. Its message carries nothing: what is to be done stands in the tables."""

from __future__ import annotations

import threading
from typing import Any, Final

from celery.signals import worker_shutting_down

from apps.events import hints, inbox
from apps.events.relay import policy, stopping
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import run
from apps.events.retention import prune
from apps.tenants.isolation import in_every_shop, platform_scope
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
        _prune_log()
    in_every_shop(_prune_log, reason="prune the event logs", even_suspended=True, stopping=stopping.requested)


def _prune_log() -> None:
    days = tenant_config().event_retention_days
    if not days:
        return
    pruned = prune(days=days)
    if pruned.events:
        log_event("events.pruned", events=pruned.events, floor=pruned.floor)


@task(name="events.forget_inbox", permission=INTERNAL, criticality=Criticality.LOW, every=6 * 3600.0)
def forget_inbox() -> None:
    """Drop inbox entries that are older than any delivery by itself repeats (`inbox.KEPT_DAYS`), scope by scope."""
    with platform_scope("forget inbox entries"):
        _forget_inbox()
    in_every_shop(_forget_inbox, reason="forget inbox entries", even_suspended=True, stopping=stopping.requested)


def _forget_inbox() -> None:
    if forgotten := inbox.forget():
        log_event("events.inbox_forgotten", entries=forgotten)


@worker_shutting_down.connect(weak=False)
def _hand_back(**_facts: Any) -> None:
    """A worker that got SIGTERM finishes what is on the wire; the rest goes to the other workers at once."""
    stopping.request()


hints.use_sender(hints.HintSender(send_hint))
