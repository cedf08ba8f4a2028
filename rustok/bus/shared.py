"""The bus of this process, and what units of work tell it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache

from django.db import connections

from rustok.bus.core import Bus, Limits
from rustok.config import config
from rustok.errors.bus import BusOverloaded
from rustok.events import DomainEvent
from rustok.telemetry.logging import log_event


@cache
def bus() -> Bus:
    """The process's bus, with the limits of the configuration; handlers' database connections go back to the pool."""
    given = config()
    limits = Limits(given.bus_depth, given.bus_warning, given.bus_critical)
    return Bus(limits, after_each=connections.close_all)


def offer(events: Sequence[DomainEvent]) -> None:
    """Publish committed facts. Costs next to nothing without subscribers.

    A full bus loses what it refuses for this process, with a line in the log: the commit stands, and no request fails
    for it. A filter that raises costs its own fact only.
    """
    here, lost = bus(), 0
    facts: dict[str, object] = {}
    for event in events:
        try:
            here.publish(event)
        except BusOverloaded as error:
            lost, facts = lost + 1, dict(error.context)
        except Exception as error:  # noqa: BLE001 - a subscriber's filter: its defect costs no other fact
            log_event("bus.filter_failed", level=logging.ERROR, type=event.wire_type(), error=repr(error)[:200])
    if lost:
        log_event("bus.overloaded", level=logging.ERROR, lost=lost, **facts)
