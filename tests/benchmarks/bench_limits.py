"""The rate limit: what one call of the stage takes on each store, and what 8 processes get out of one limit.

The stage is the product's own function with its three buckets; nothing else of a request runs. Every process has a
connection of its own. The bursts are those of the promise: exactly N while the clock stands still, and with the real
clock no more than N and what came back meanwhile.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import django

from tests.benchmarks.results import Check, Options, Result, percentile

SUMMARY = "one call of the limit stage on Valkey and on PostgreSQL, and bursts of 8 processes against one limit"
PROCESSES = 8
QUOTA, WINDOW = 1_000, 10.0
FROZEN = 1_800_000_000_000_000
VALKEY_LIMIT = 0.001
KINDS = ("valkey", "postgresql")


def run(options: Options) -> Result:
    """Measure both stores in turn."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"
    django.setup()
    from django.conf import settings

    from tests.support.scratch import scratch_shop

    settings.RUSTOK_HEALTH_SAMPLING = False
    calls, each = (200, 150) if options.quick else (5_000, 400)
    rows, checks = [], []
    with scratch_shop() as shop:
        for kind in KINDS:
            seconds = stage_seconds(kind, shop, calls)
            frozen, _took = burst(kind, shop, each, now=FROZEN)
            moving, took = burst(kind, shop, each, now=None)
            most = QUOTA + math.ceil(QUOTA / WINDOW * took)
            rows.append(
                {
                    "store": kind,
                    "p50 µs": round(percentile(seconds, 0.5) * 1e6),
                    "p99 µs": round(percentile(seconds, 0.99) * 1e6),
                    "8 processes, frozen": f"{frozen} of {min(QUOTA, each * PROCESSES)}",
                    "real clock": f"{moving} in {took:.2f} s (at most {most})",
                    "calls/s": round(each * PROCESSES / took),
                }
            )
            wanted = min(QUOTA, each * PROCESSES)
            checks.append(Check(f"{kind}: off the limit while the clock stands still", abs(frozen - wanted), 0))
            checks.append(Check(f"{kind}: beyond the limit and what came back", max(0, moving - most), 0))
            checks.append(Check(f"{kind}: short of the limit", max(0, wanted - moving), 0))
            if kind == "valkey":
                checks.append(Check("valkey: p50 of the stage, seconds", percentile(seconds, 0.5), VALKEY_LIMIT))
    return Result("The limit stage, three buckets a call", rows, checks)


def store_of(kind: str) -> Any:
    """A store with a connection of its own."""
    from apps.security.zero_trust.stores.postgresql import PostgresTrustStore
    from apps.security.zero_trust.stores.valkey import ValkeyTrustStore
    from rustok.config import config

    return PostgresTrustStore() if kind == "postgresql" else ValkeyTrustStore(config().redis_url.get_secret_value())


def stage_seconds(kind: str, shop: Any, calls: int) -> list[float]:
    """How long each of so many calls of the stage took, after a warm-up."""
    from apps.security.api.views import ApiKeyCollection
    from apps.security.zero_trust import limits
    from apps.security.zero_trust.admission import Admission, Credential
    from apps.security.zero_trust.rules import rules
    from apps.tenants.isolation import tenant_scope
    from rustok.context import Actor

    store = store_of(kind)
    limits.trust_store = lambda: store
    actor = Actor("api_key", uuid.uuid4().hex, "bench")
    taken = []
    with tenant_scope(shop) as here:
        credential = Credential(actor, frozenset(), here.tenant)
        declared = ApiKeyCollection.declarations["GET"]
        gc.disable()
        for _ in range(calls + 50):
            admission = Admission(declared, here, rules(), lambda: b"", credential)
            began = time.perf_counter()
            limits.limit_rate(None, admission)  # type: ignore[arg-type]  # the stage reads nothing of the request
            taken.append(time.perf_counter() - began)
        gc.enable()
    return taken[50:]


def burst(kind: str, shop: Any, each: int, *, now: int | None) -> tuple[int, float]:
    """How many calls of 8 processes got through one limit, and the seconds from the first call to the last answer."""
    fork = multiprocessing.get_context("fork")
    start, results, key = fork.Barrier(PROCESSES), fork.Queue(), f"bench:{uuid.uuid4().hex}"
    workers = [fork.Process(target=_work, args=(kind, shop, key, each, now, start, results)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    counts, begins, ends = zip(*(results.get(timeout=120) for _ in workers), strict=True)
    for worker in workers:
        worker.join(30)
    return sum(counts), max(ends) - min(begins)


def _work(kind: str, shop: Any, key: str, each: int, now: int | None, start: Any, results: Any) -> None:
    from apps.security.zero_trust.stores import Bucket
    from apps.tenants.isolation import tenant_scope

    _leave_the_parents_connections()
    store, wanted = store_of(kind), Bucket("key", key, QUOTA, WINDOW)
    with tenant_scope(shop):
        store.take([Bucket("key", f"{key}:warm", QUOTA, WINDOW)], 1)
        take: Callable[[], bool] = lambda: store.take([wanted], 1, now=now).allowed  # noqa: E731 - named for the loop
        start.wait(60)
        began = time.monotonic()
        counted = sum(take() for _ in range(each))
        results.put((counted, began, time.monotonic()))


def _leave_the_parents_connections() -> None:
    """A forked child opens its own: the parent's are neither used nor closed here, nor is its pool."""
    from django.db import connection

    connection.connection = None
    connection.settings_dict["OPTIONS"].pop("pool", None)
