"""One turn: look at a leased partition, offer one batch, write down what became of it.

A turn may die at any point: before its transaction commits nothing has happened but deliveries, which are repeated
(at least once); after it everything has.
"""

from __future__ import annotations

import logging
from contextlib import closing

from django.db import transaction

from apps.events.relay import policy, retries, settling
from apps.events.relay.metrics import observe_lag, observe_turn
from apps.events.relay.offering import Judge, Offer, Verdict
from apps.events.relay.reports import TurnReport
from apps.events.relay.situation import Situation, fresh_events, look
from apps.events.transports import DestinationBusy, Route, Transport, open_transport
from apps.operations.wakeups import Lease, NextTurn, forget
from rustok.context import current
from rustok.telemetry.logging import log_event
from rustok.tenant_config import tenant_config


def take_turn(lease: Lease) -> TurnReport:
    """Serve the leased partition once, inside the scope of its log; raises LeaseLost when it took too long."""
    situation = look(lease)
    if situation is None:
        forget(tenant_id=lease.tenant_id, subscription_id=lease.subscription_id)
        return TurnReport()
    if not situation.is_active:
        settling.give_back(lease, NextTurn(failures=lease.failures, pauses=lease.pauses))
        return TurnReport()
    try:
        connected = _connect(situation)
    except DestinationBusy as busy:
        settling.give_back(lease, NextTurn(pause=busy.seconds, failures=lease.failures, pauses=lease.pauses))
        return TurnReport()
    with closing(connected) as transport:
        # Odd and even turns alternate, so that neither retries nor fresh events can starve the other.
        if situation.has_retries and (lease.fence % 2 or situation.cursor >= situation.head):
            report = retries.retry_turn(lease, situation, transport)
            observe_turn(situation.transport, report)
            return report
        return _fresh_turn(lease, situation, transport)


def _connect(situation: Situation) -> Transport:
    tenant = current().tenant
    route = Route(
        subscription_id=situation.subscription_id,
        name=situation.name,
        target=situation.target,
        tenant_slug=tenant.slug if tenant else "",
    )
    return open_transport(situation.transport, route)


def _fresh_turn(lease: Lease, situation: Situation, transport: Transport) -> TurnReport:
    """Offer the next batch. A transactional transport works inside the transaction that moves the cursor."""
    with settling.work(transport):
        verdict = _offer(lease, situation, transport)
        with transaction.atomic():
            _settle(lease, situation, transport, verdict)
    if verdict.pause is not None:
        log_event("relay.destination_paused", subscription=situation.name, seconds=round(verdict.pause, 1))
    if verdict.full:
        log_event("relay.keys_full", level=logging.WARNING, subscription=situation.name, parked=len(situation.parked))
    report = TurnReport(verdict.delivered, len(verdict.parked), len(verdict.dead), verdict.pause is not None)
    observe_turn(situation.transport, report)
    return report


def _offer(lease: Lease, situation: Situation, transport: Transport) -> Verdict:
    events, looked_at = fresh_events(situation, limit=transport.batch)
    judge = Judge(cursor=situation.cursor, failures=lease.failures, pauses=lease.pauses, parked=len(situation.parked))
    alive = settling.heartbeat(lease, transport)
    offer = Offer(transport, events, timeout=tenant_config().webhook_timeout, alive=alive)
    for answers in offer.chunks():
        if not judge.hear(answers):
            break
    verdict = judge.close(looked_at=looked_at if offer.complete else None)
    if verdict.delivered:
        observe_lag(situation.transport, events[0].recorded_at)
    return verdict


def _settle(lease: Lease, situation: Situation, transport: Transport, verdict: Verdict) -> None:
    transport.log()
    for event, reason in verdict.parked:
        settling.park(situation, event, reason)
    for event, reason in verdict.dead:
        settling.bury(situation, event, attempts=1, reason=reason)
        settling.park_behind(situation, event)
    waits = situation.parked or situation.has_redrives or verdict.parked or verdict.dead
    retry_in = settling.next_retry(situation) if waits else None
    turn = NextTurn(
        more=verdict.reached < situation.head or situation.has_retries,
        retry_in=retry_in,
        pause=policy.until_room(retry_in) if verdict.full else verdict.pause,
        alone=verdict.full,
        failures=verdict.failures,
        pauses=verdict.pauses,
    )
    settling.move_and_give_back(lease, situation, verdict.reached, turn)
