"""The relay's loop: number what committing transactions left, serve who has waited longest, repeat while there is work.

Any number of relays may run at once. The tables are the queue: what a dead relay held comes back with its lease, what
a lost message announced is found by the next round. Tenants that wait take turns, inside a tenant the partition that
was served goes to the back (so it is fair between tenants and subscriptions), and nobody idles while somebody waits.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import suppress
from enum import Enum
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.events import enrolment
from apps.events.numbering import number
from apps.events.relay import policy, stopping
from apps.events.relay.metrics import observe_numbered
from apps.events.relay.reports import RelayReport
from apps.events.relay.resting import Resting
from apps.events.relay.scopes import log_scope, shared_scope
from apps.events.relay.slots import Slots
from apps.events.relay.turns import take_turn
from apps.operations import wakeups
from apps.operations.wakeups import Lease, LeaseLost, NextTurn
from apps.tenants.errors import TenantNotFound, TenantNotReady, TenantSuspended
from rustok.config import config
from rustok.telemetry.logging import log_event
from rustok.telemetry.tracing import span

BUSY_PAUSE: Final = 0.005  # seconds
LOOK: Final = 0.02  # seconds of turns before the next look at the wake-ups
# Seconds, reached in steps: a resumed tenant is due at once (`services.wake`), but this process may not know of it yet.
SUSPENDED_PAUSE: Final = 60.0


SLOTS: Final = Slots()
RESTING: Final = Resting()


def run(*, seconds: float, report: RelayReport | None = None, tenant_id: UUID | None = None) -> bool:
    """Relay for about `seconds` or until nothing is due now; True when work was left over.

    One turn may take `policy.lease_seconds` longer. With `tenant_id` only that log is served. Ends early, after the
    chunk under way, when the process is asked to stop (`apps.events.relay.stopping`).
    """
    report = report or RelayReport()
    until, all_served = time.monotonic() + seconds, False
    while time.monotonic() < until and not stopping.requested():
        numbering = number_waiting(report=report, tenant_id=tenant_id)
        if numbering is Numbering.IDLE and all_served:
            return False  # nothing has come since nobody was due
        before = report.turns
        all_served = _serve(report, tenant_id, until=min(until, time.monotonic() + LOOK))
        if all_served and report.turns == before:
            if numbering is Numbering.IDLE:
                return False
            if numbering is Numbering.BUSY:
                time.sleep(BUSY_PAUSE)
    return True


def _serve(report: RelayReport, tenant_id: UUID | None, *, until: float) -> bool:
    """Turns until the time is up; True when nothing is due any more."""
    while serve_next(report=report, tenant_id=tenant_id):
        if time.monotonic() >= until or stopping.requested():
            return False
    return True


def drain(*, seconds: float = 60.0, tenant_id: UUID | None = None) -> RelayReport:
    """Relay here until nothing is due now (back-offs are not waited for) or the time is up; for commands and tests."""
    report = RelayReport()
    report.left_over = run(seconds=seconds, report=report, tenant_id=tenant_id)
    return report


class Numbering(Enum):
    """How a look at the wake-ups ended."""

    IDLE = "nothing waited"
    DONE = "logs were numbered"
    BUSY = "another sequencer is at work where something waits"


def number_waiting(*, report: RelayReport, tenant_id: UUID | None = None) -> Numbering:
    """Give positions in every log that left wake-ups, one step each. A log where that fails rests for a while."""
    waiting = wakeups.waiting(tenant_id=tenant_id, without=RESTING.now())
    result = Numbering.IDLE
    for waiting_id, marks in waiting:
        numbered = _number_log(waiting_id, marks)
        if numbered is not None:
            result = Numbering.DONE
            report.numbered += numbered
            observe_numbered(numbered)
        elif result is Numbering.IDLE:
            result = Numbering.BUSY
    return result


def _number_log(tenant_id: UUID, marks: list[UUID]) -> int | None:
    try:
        with log_scope(tenant_id, even_suspended=True):
            enrolment.ensure_subscribers(tenant_id=tenant_id)
            with span("number events", wakeups=len(marks)):
                numbered = number(tenant_id=tenant_id, wakeups=marks)
        RESTING.end(tenant_id)
    except TenantNotFound:
        with shared_scope():
            wakeups.forget(tenant_id=tenant_id)
        return 0
    except Exception as error:  # noqa: BLE001 - one broken log must not end the round for the others
        # Where the whole database is gone, the next look says so.
        seconds = RESTING.begin(tenant_id)
        reason = f"{type(error).__name__}: {error}"[:500]
        log_event("relay.log_rests", level=logging.ERROR, error=reason, log=str(tenant_id), seconds=seconds)
        return 0
    return numbered


def serve_next(*, report: RelayReport, tenant_id: UUID | None = None) -> bool:
    """Give one turn to the next tenant that waits, there to the partition that waited longest; False when none does."""
    length = policy.lease_seconds(config().webhook_timeout)
    with SLOTS.turn(lease_seconds=length, tenant_id=tenant_id) as lease:
        if lease is not None:
            _serve_partition(lease, report)
    return lease is not None


def _serve_partition(lease: Lease, report: RelayReport) -> None:
    try:
        with log_scope(lease.tenant_id):
            report.add(take_turn(lease))
    except LeaseLost:
        report.lost_leases += 1
    except TenantNotFound:
        with shared_scope():
            wakeups.forget(tenant_id=lease.tenant_id)
    except (TenantSuspended, TenantNotReady):
        longest = SUSPENDED_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
        _put_off(lease, pause=min(longest, policy.destination_backoff(lease.pauses)), pauses=lease.pauses + 1)
    except Exception as error:  # noqa: BLE001 - one broken subscription or shop must not end the round
        reason = f"{type(error).__name__}: {error}"[:500]
        log_event("relay.turn_failed", level=logging.ERROR, error=reason, subscription_id=str(lease.subscription_id))
        _put_off(lease, pause=policy.destination_backoff(lease.pauses), pauses=lease.pauses + 1)


def _put_off(lease: Lease, *, pause: float, pauses: int) -> None:
    with shared_scope(), transaction.atomic(), suppress(LeaseLost):
        wakeups.release(lease, NextTurn(pause=pause, failures=lease.failures, pauses=pauses))
