"""The zero-trust pipeline: what signature, limit, binding and audit add to an order and to a list of products.

Three ways take turns in one process: the endpoint with a Bearer key and no other stage; the whole pipeline with the
same key; the whole pipeline with an HMAC signature as the credential. CPU is the calling thread's own, without
PostgreSQL. A turn is short, the order of the ways changes from round to round, and what is added is the median of what
was added in each round: a neighbour who takes the machine for a second spoils a round of all three and no comparison.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import os
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import django

from tests.benchmarks.results import Check, Options, Result, percentile

SUMMARY = "the zero-trust pipeline against the same endpoints without it"
CPU_LIMIT = 0.25
MILLISECONDS_LIMIT = 1.5
STAGE_LIMIT = 0.001
PATHS = {"POST orders": ("POST", "/api/v1/orders/"), "GET products": ("GET", "/api/v1/products/?page_size=20")}
ORDER = b'{"currency":"USD","lines":[{"sku":"TEA","quantity":1},{"sku":"CUP","quantity":2}]}'
BARE, KEYED, SIGNED = "no stage but the key", "whole, Bearer key", "whole, signed"


def run(options: Options) -> Result:
    """Measure both endpoints, then each stage by its own clock."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"
    django.setup()
    from django.conf import settings

    from rustok.telemetry import logging as telemetry_logging
    from tests.support.scratch import scratch_shop

    settings.RUSTOK_HEALTH_SAMPLING = False
    telemetry_logging.configure(level="ERROR", log_format="json")
    with scratch_shop() as shop:
        measured, stages, store = Rig(shop).measure(rounds=2 if options.quick else 60, each=5 if options.quick else 9)
    return report(measured, stages, store)


class Rig:
    """One shop with goods, one key of each kind, and the application itself."""

    def __init__(self, shop: Any) -> None:
        """Make what the requests need."""
        from django.core.wsgi import get_wsgi_application

        from apps.security.services import create_api_key
        from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
        from apps.tenants.isolation import tenant_scope
        from rustok.context import current
        from tests.support.commerce import make_product

        self.host, self.application = f"{shop.slug}.localhost", get_wsgi_application()
        with tenant_scope(shop):
            for sku in ("TEA", "CUP", *(f"SKU-{number}" for number in range(28))):
                make_product(sku, on_hand=1_000_000)
            self.key = create_api_key(name="bench", permissions=["*:*"], context=current())[1]
            wanted = CreateSigningKey(name="bench", permissions=["*:*"])
            signing, secret = create_signing_key(input=wanted, context=current())
        self.key_id, self.secret = signing.key_id, base64.b64decode(secret)

    def measure(
        self, *, rounds: int, each: int
    ) -> tuple[dict[Any, list[Any]], dict[str, tuple[int, int]], list[float]]:
        """Each round's (wall, cpu) seconds by endpoint and way; the stages' medians; seconds of the store."""
        from apps.security.zero_trust.pipeline import STAGES, Pipeline

        bare = Pipeline([stage for stage in STAGES if stage[0] in ("identity", "audit")])
        timed = [(name, self._timed(name, stage)) for name, stage in STAGES]
        ways = {BARE: bare, KEYED: Pipeline(), SIGNED: Pipeline()}
        measured: dict[Any, list[Any]] = defaultdict(list)
        turns = list(ways.items())
        for number in range(rounds + 1):
            for endpoint in PATHS:
                for way, pipeline in turns:
                    self._use(pipeline)
                    taken = [self._send(endpoint, signed=way == SIGNED) for _ in range(each)]
                    if number:  # the first round warms up
                        measured[endpoint, way].append(tuple(map(statistics.median, zip(*taken, strict=True))))
            turns.append(turns.pop(0))
        self.spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._use(Pipeline(timed))
        for endpoint in PATHS:
            for _ in range(rounds * each // 4):
                self._send(endpoint, signed=True)
        stages = {name: _microseconds(times) for name, times in self.spent.items()}
        return measured, stages, [wall for wall, _cpu in self.spent["limit"]]

    @staticmethod
    def _use(pipeline: Any) -> None:
        from rustok import ports

        ports._bound.cache_clear()
        ports.gate = lambda: pipeline
        import rustok.api.endpoint

        rustok.api.endpoint.gate = lambda: pipeline

    def _timed(self, name: str, stage: Callable[..., None]) -> Callable[..., None]:
        def timed(request: Any, admission: Any) -> None:
            wall, cpu = time.perf_counter(), time.thread_time()
            stage(request, admission)
            self.spent[name].append((time.perf_counter() - wall, time.thread_time() - cpu))

        return timed

    def _send(self, endpoint: str, *, signed: bool) -> tuple[float, float]:
        method, target = PATHS[endpoint]
        body = ORDER if method == "POST" else b""
        environ = self._environ(method, target, body)
        if signed:
            environ |= self._signature(method, target, body)
        else:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        answered: list[str] = []
        wall, cpu = time.perf_counter(), time.thread_time()
        response = self.application(environ, lambda status, _headers: answered.append(status))
        b"".join(response)
        response.close()
        taken = time.perf_counter() - wall, time.thread_time() - cpu
        if answered[0][0] != "2":
            raise RuntimeError(f"{endpoint}: {answered[0]}")
        return taken

    def _environ(self, method: str, target: str, body: bytes) -> dict[str, Any]:
        path, _mark, query = target.partition("?")
        return {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": self.host,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
        }  # fmt: skip

    def _signature(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Signed by hand (RFC 9421 section 2.5), before the clock runs."""
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:" if body else ""
        lines = [f'"@method": {method}', f'"@target-uri": http://{self.host}{target}', f'"@authority": {self.host}']
        names = '"@method" "@target-uri" "@authority"'
        if body:
            lines.append(f'"content-digest": {digest}')
            names += ' "content-digest"'
        said = f'({names});created={int(time.time())};nonce="{uuid.uuid4().hex}";keyid="{self.key_id}"'
        base = "\n".join([*lines, f'"@signature-params": {said}']).encode()
        made = base64.b64encode(hmac.digest(self.secret, base, "sha256")).decode()
        fields = {"HTTP_SIGNATURE_INPUT": f"sig={said}", "HTTP_SIGNATURE": f"sig=:{made}:"}
        return fields | ({"HTTP_CONTENT_DIGEST": digest} if body else {})


def _microseconds(times: list[tuple[float, float]]) -> tuple[int, int]:
    """Median wall and CPU time."""
    return round(statistics.median(t[0] for t in times) * 1e6), round(statistics.median(t[1] for t in times) * 1e6)


def report(measured: dict[Any, list[Any]], stages: dict[str, tuple[int, int]], store: list[float]) -> Result:
    """Medians, what the pipeline adds, and the promises."""
    rows, checks = [], []
    for endpoint in PATHS:
        bare = measured[endpoint, BARE]
        added = {}
        for way in (BARE, KEYED, SIGNED):
            wall, cpu = (statistics.median(values) for values in zip(*measured[endpoint, way], strict=True))
            pairs = list(zip(measured[endpoint, way], bare, strict=True))
            share = statistics.median(one[1] / other[1] - 1 for one, other in pairs)
            added[way] = share, *(statistics.median(one[n] - other[n] for one, other in pairs) * 1000 for n in (0, 1))
            row = {"endpoint": endpoint, "way": way, "wall ms": round(wall * 1000, 2), "CPU ms": round(cpu * 1000, 2)}
            rows.append(row | {"CPU added": f"{share:+.1%}", "CPU added ms": round(added[way][2], 3)})
        share, wall_ms, cpu_ms = added[SIGNED]
        checks.append(Check(f"{endpoint}: CPU added by the whole pipeline, share", share, CPU_LIMIT))
        checks.append(Check(f"{endpoint}: CPU added, ms", cpu_ms, MILLISECONDS_LIMIT))
        checks.append(Check(f"{endpoint}: time added, ms", wall_ms, MILLISECONDS_LIMIT))
    checks.append(Check("limit stage p50, seconds", percentile(store, 0.5), STAGE_LIMIT))
    title = "Stages, µs (CPU): " + ", ".join(f"{name} {wall} ({cpu})" for name, (wall, cpu) in stages.items())
    return Result(title, rows, checks, {"stages_us": stages})
