"""Whether the relay keeps up: how long the partition that has waited longest for its turn has waited."""

from __future__ import annotations

import logging
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.events.projections.watching import observe_lags
from apps.events.relay.scopes import log_name
from apps.events.relay.trial import Trial, attempt
from apps.events.transports.destinations import destinations, ping_all
from apps.operations.wakeups import DUES, PLATFORM, WAKEUPS
from rustok.db.shared import shared_rows
from rustok.health import Check, CheckFailed, Observation, Reason, Surface, register
from rustok.operations import Criticality
from rustok.telemetry.logging import log_event

LATE_SECONDS: Final = 15.0
STUCK_SECONDS: Final = 60.0
TRANSPORTS_SECONDS: Final = 6.0  # for all brokers together

TRIED: Final = 3  # logs that may be stuck for reasons of their own; more of them are the platform's affair

# Partitions under a living lease are being served.
_TURNS: Final = f"""
    SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 FROM {DUES}
    WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())
"""  # noqa: S608 - constants only
# The marks of transactions that nobody has numbered yet (their UUIDv7 begins with the time in milliseconds, RFC 9562
# section 5.7).
_MARKS: Final = f"""
    SELECT tenant_id,
        (extract(epoch FROM now()) - ('x' || left(replace(first, '-', ''), 12))::bit(48)::bigint / 1000.0)::float8
    FROM (SELECT tenant_id, min(id::text) AS first FROM {WAKEUPS} GROUP BY tenant_id) marks ORDER BY first LIMIT %s
"""  # noqa: S608 - constants only


def relay() -> Observation:
    """The value is the longest wait for a turn or a number, in seconds, over all tenants. Two statements.

    A shop's log that cannot be numbered, whoever tries, is no sign of a relay that is gone: it is named in a warning.
    That costs a trial of such a log and one of the platform's own, which must not fail for the same reason.
    """
    turns, logs = float(shared_rows(_TURNS)[0][0]), shared_rows(_MARKS, [TRIED + 1])
    stuck = [log for log, seconds in logs[:TRIED] if seconds > STUCK_SECONDS and attempt(log) is not Trial.WORKS]
    if stuck and attempt(PLATFORM) is Trial.FAILS:
        stuck = []
    waited = round(max(0.0, turns, *(seconds for log, seconds in logs if log not in stuck)), 1)
    if waited > STUCK_SECONDS:
        text = _("a subscription has waited {seconds} s for its turn: too few workers, or none")
        raise CheckFailed(text, Observation(waited, "s"), seconds=f"{waited:.0f}")
    warning: str | Promise | Reason = _("deliveries are late") if waited > LATE_SECONDS else ""
    if stuck:
        names = ", ".join(sorted(log_name(log) for log in stuck))
        warning = Reason(_("new events of {names} cannot be delivered: their log refuses to be numbered"), names=names)
    return Observation(value=waited, unit="s", warning=warning)


def projections() -> Observation:
    """The value is the lag of the slowest read model, in seconds. One statement per tenant that waits for something."""
    found = observe_lags()
    slowest = max((state.lag_seconds for _slug, state in found), default=0.0)
    if slowest > STUCK_SECONDS:
        slug, state = max(found, key=lambda pair: pair[1].lag_seconds)
        text = _("the read model {name} of {tenant} is {seconds} s behind")
        seen = Observation(round(slowest, 1), "s")
        raise CheckFailed(text, seen, name=state.name, tenant=slug, seconds=f"{slowest:.0f}")
    incomplete = any(state.live and (state.live.parked or state.live.dead) for _slug, state in found)
    warning: str | Promise = _("read models lack facts that could not be counted") if incomplete else ""
    return Observation(value=round(slowest, 1), unit="s", warning=warning)


def transports() -> Observation:
    """The value is the number of brokers that answer. One round trip to each; the reasons are in the log."""
    known = destinations()
    wrong = ping_all(timeout=min(2.0, TRANSPORTS_SECONDS / max(1, len(known))))
    for name, reason in wrong.items():
        log_event("transport.unreachable", level=logging.WARNING, transport=name, reason=reason)
    if wrong:
        text, seen = _("these transports do not answer: {names}"), Observation(len(known) - len(wrong))
        raise CheckFailed(text, seen, names=", ".join(sorted(wrong)))
    return Observation(value=len(known))


_BROKERS: Final = frozenset({Surface.BROKERS})
_READERS: Final = frozenset({Surface.WEBHOOKS, Surface.BROKERS, Surface.REPORTS})

register(Check(name="transports", run=transports, interval=30, timeout=TRANSPORTS_SECONDS + 2, affects=_BROKERS))
register(Check(name="relay", run=relay, interval=10, timeout=5, criticality=Criticality.HIGH, affects=_READERS))
register(Check(name="projections", run=projections, interval=15, timeout=10, affects=frozenset({Surface.REPORTS})))
