"""In-process reactions to facts: bounded, one thread per subscriber, lost with the process.

    bus().subscribe("price-cache", forget_prices, wants=lambda event: isinstance(event, PriceChanged))

Every unit of work offers its facts here once they are committed. Nothing that must happen hangs on the bus: what must
happen is a subscription of the event log (`apps.events`), which survives crashes. The bus is for what this process
keeps in memory: caches, hints, counters.
"""

from rustok.bus.core import Bus, Limits, Stats
from rustok.bus.shared import bus, offer
from rustok.errors.bus import BusOverloaded

__all__ = ["Bus", "BusOverloaded", "Limits", "Stats", "bus", "offer"]
