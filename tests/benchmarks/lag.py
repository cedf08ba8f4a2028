"""The writer of `bench_lag`, a process of its own: `python -m tests.benchmarks.lag SHOP RATE SECONDS`.

Records one event per transaction at a fixed rate, open loop, waits until the shop's webhooks have them all, and prints
as JSON how long each took from the begin of its transaction to the row in the delivery log, in milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import django

THREADS = 4
DRAIN_SECONDS = 60.0
LAGS = """
    SELECT 1000 * extract(epoch FROM min(d.attempted_at) - e.recorded_at)::float8
    FROM events_event e JOIN webhooks_delivery d ON d.event_id = e.id AND d.succeeded
    WHERE e.type = 'testkit.thing_poked' GROUP BY e.id ORDER BY e.seq
"""


def main(slug: str, rate: float, seconds: float) -> list[float]:
    """The lags of all events; raises when they do not arrive."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    django.setup()
    from apps.tenants.isolation import tenant_scope
    from rustok.context import ExecutionContext, use
    from rustok.db.transactions import unit_of_work
    from tests.support.events import ThingPoked, together
    from tests.support.events import run as sql

    each = round(rate * seconds / THREADS)

    def write(writer: int) -> None:
        started = time.perf_counter() + writer / rate
        for n in range(each):
            time.sleep(max(0.0, started + n * THREADS / rate - time.perf_counter()))
            with unit_of_work() as uow:
                uow.record(ThingPoked(thing=f"{writer}-{n % 50}", n=n))

    def writer(number: int) -> Callable[[], None]:
        return lambda: write(number)

    with use(ExecutionContext()), tenant_scope(slug):
        together(*(writer(number) for number in range(THREADS)))
        ((written,),) = sql("SELECT count(*) FROM events_event WHERE type = 'testkit.thing_poked'")
        deadline = time.monotonic() + DRAIN_SECONDS
        while len(lags := [float(lag) for (lag,) in sql(LAGS)]) < written:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(lags)} of {written} events arrived")
            time.sleep(0.2)
    return lags


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))))
