"""Tracing: what an order costs more with spans in the ring, and what a request costs more where nothing is recorded.

Three ways take turns in one process, in blocks whose order changes: no tracing, spans and log lines into the ring, and
a sampling ratio of nothing. CPU is the whole process's, the threads that ship included, and without PostgreSQL's and
Valkey's; each block ends with everything shipped. What is added is the median over rounds.
"""

from __future__ import annotations

import io
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import django

from tests.benchmarks.results import Check, Options, Result

SUMMARY = "the cost of spans on an order and of none on any request"
CPU_LIMIT = 0.05
OFF_LIMIT = 5.0
ORDER = b'{"currency":"USD","lines":[{"sku":"TEA","quantity":1},{"sku":"CUP","quantity":2}]}'
OFF, ON, UNSAMPLED = "off", "ring", "ratio 0"
LOOPS = 20_000


def run(options: Options) -> Result:
    """Measure orders, then the door alone."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"
    django.setup()
    from django.conf import settings

    from rustok.telemetry import logging as telemetry_logging
    from tests.support.scratch import scratch_shop

    settings.RUSTOK_HEALTH_SAMPLING = False
    telemetry_logging.configure(level="INFO", log_format="json", stream=io.BytesIO())
    with scratch_shop() as shop:
        orders = Orders(shop).measure(rounds=6 if options.quick else 40, each=8 if options.quick else 25)
    return report(orders, door(LOOPS // 20 if options.quick else LOOPS))


def ways() -> dict[str, Callable[[], None]]:
    """How each way is set up."""
    from rustok.telemetry import provider, recent
    from rustok.telemetry.provider import Tracing

    def use(wanted: Tracing | None) -> None:
        provider.configure(wanted)
        recent.configure(on=wanted is not None and wanted.ratio > 0)

    return {
        OFF: lambda: use(None),
        ON: lambda: use(Tracing(buffer=2_000)),
        UNSAMPLED: lambda: use(Tracing(buffer=2_000, ratio=0.0)),
    }


class Orders:
    """One shop and the application itself."""

    def __init__(self, shop: Any) -> None:
        """Make what the orders need."""
        from django.core.wsgi import get_wsgi_application

        from apps.security.services import create_api_key
        from apps.tenants.isolation import tenant_scope
        from rustok.context import current
        from tests.support.commerce import make_product

        self.host, self.application = f"{shop.slug}.localhost", get_wsgi_application()
        with tenant_scope(shop):
            for sku in ("TEA", "CUP"):
                make_product(sku, on_hand=10_000_000)
            self.key = create_api_key(name="bench", permissions=["*:*"], context=current())[1]

    def measure(self, *, rounds: int, each: int) -> dict[str, list[float]]:
        """CPU seconds of one order by way, one figure a round; the first round warms up."""
        from rustok.telemetry import provider

        measured: dict[str, list[float]] = defaultdict(list)
        turns = list(ways().items())
        for number in range(rounds + 1):
            for way, use in turns:
                use()
                self._order()
                provider.flush()
                started = time.process_time()
                for _ in range(each):
                    self._order()
                provider.flush()
                if number:
                    measured[way].append((time.process_time() - started) / each)
            turns.append(turns.pop(0))
        return measured

    def _order(self) -> None:
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/orders/", "QUERY_STRING": "", "HTTP_HOST": self.host,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(ORDER)), "wsgi.input": io.BytesIO(ORDER),
            "HTTP_AUTHORIZATION": f"Bearer {self.key}",
        }  # fmt: skip
        answered: list[str] = []
        response = self.application(environ, lambda status, _headers: answered.append(status))
        b"".join(response)
        response.close()
        if answered[0][0] != "2":
            raise RuntimeError(answered[0])


def door(loops: int) -> dict[str, float]:
    """Microseconds that the door's span costs where it is not recorded, against the same door without a span."""
    from rustok.context import ExecutionContext, Trace, use
    from rustok.telemetry.tracing import Kind, span

    here = ExecutionContext(trace=Trace.new(sampled=False))

    def plain() -> None:
        with use(here):
            pass

    def guarded() -> None:
        with use(here), span("GET", kind=Kind.SERVER, door=True):
            pass

    found = {}
    for way in (OFF, UNSAMPLED):
        ways()[way]()
        pairs = [(_each(plain, loops), _each(guarded, loops)) for _round in range(5)]
        found[way] = statistics.median(after - before for before, after in pairs) * 1e6
    return found


def _each(work: Callable[[], None], loops: int) -> float:
    started = time.thread_time()
    for _ in range(loops):
        work()
    return (time.thread_time() - started) / loops


def report(orders: dict[str, list[float]], seconds: dict[str, float]) -> Result:
    """One row a way, and the two promises."""
    base = statistics.median(orders[OFF])
    rows: list[dict[str, Any]] = []
    added = {}
    for way, figures in orders.items():
        more = statistics.median(mine - other for mine, other in zip(figures, orders[OFF], strict=True))
        added[way] = more / base
        middle = statistics.median(figures) * 1e3
        rows.append({"what": f"POST orders, {way}", "CPU ms": round(middle, 3), "added us": round(more * 1e6)})
    rows += [{"what": f"door, {way}", "CPU ms": "", "added us": round(micro, 2)} for way, micro in seconds.items()]
    checks = [
        Check("spans into the ring add at most 5 % CPU to an order", added[ON], CPU_LIMIT),
        Check("a request that is not recorded pays at most 5 us", max(seconds.values()), OFF_LIMIT),
    ]
    return Result("tracing", rows, checks, {"orders": dict(orders)})
