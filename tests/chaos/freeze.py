"""PostgreSQL is stopped with SIGSTOP under load, then the broker: what is still said, and how all of it recovers."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_least, at_most, exactly, nothing
from tests.chaos.goods import stock_up
from tests.chaos.ledger import arrivals_of
from tests.support import proc
from tests.support.http import Answer, NoAnswer
from tests.support.stack import PROJECT, Shop, Stack, wait_until

CROWD = 120
"""Enough to take every place and the whole waiting room of the gate (8 and 120): all workers wait."""
FROZEN_SECONDS = 6.0
LIVE_MS, READY_SECONDS, BOUND_SECONDS, RECOVERY_SECONDS = 5.0, 2.0, 6.0, 15.0
ORDERS, ORDER_SECONDS, DELIVERED_SECONDS = 10, 5.0, 60.0


def run(stack: Stack, **_others: object) -> Iterator[Finding]:
    """Freeze, look, thaw, look; then the broker."""
    yield from frozen_database(stack)
    yield from broker_down(stack)


def frozen_database(stack: Stack) -> Iterator[Finding]:
    """Probes, requests under way, new requests, recovery."""
    shop, answers, ended = stack.shops[0], list[tuple[int, int, float]](), list[float]()

    def one() -> None:
        answers.append(asked(shop))
        ended.append(time.monotonic())

    crowd = [threading.Thread(target=one) for _ in range(CROWD)]
    web = stack.pid("web")
    with prober(stack) as probing, stopped(stack, "postgres"):
        began = time.monotonic()
        for thread in crowd:
            thread.start()
        told, _nothing = probing.communicate(timeout=FROZEN_SECONDS + 30)
        fresh = asked(shop)
        for thread in crowd:
            thread.join(60)
    thawed = time.monotonic()
    served = wait_until(lambda: asked(shop)[0] == 200, RECOVERY_SECONDS, every=0.2)
    seen = json.loads(told)
    live = [math.inf if took is None else took for took in seen["live"]]
    lost = math.inf if seen["unready_at"] is None else seen["unready_at"]
    alive = sum(took < math.inf for took in live)
    yield exactly("/health/live answers 200", f"{alive} of {len(live)}", f"{len(live)} of {len(live)}")
    worst = f"(p99 {percentile(live, 0.99) * 1000:.1f})"
    yield at_most(f"/health/live, median ms {worst}", percentile(live, 0.5) * 1000, LIVE_MS)
    yield at_most("/health/ready says 503 after, s", lost - began, READY_SECONDS)
    yield at_least("requests that waited when it did", sum(moment > lost for moment in ended), CROWD * 0.8)
    yield exactly("requests with an answer", len(answers), CROWD)
    yield nothing("answers that are not 503 with 5001", [a for a in answers if a[:2] != (503, 5001)])
    yield at_most("slowest of them, s", max(a[2] for a in answers), BOUND_SECONDS)
    yield exactly("a request after detection", fresh[:2], (503, 5001))
    yield at_most("answered after, s", fresh[2], 0.5)
    yield Finding("served again after the end, s", f"{time.monotonic() - thawed:.1f}", "yes", served)
    yield exactly("by the same process", stack.pid("web"), web)


def broker_down(stack: Stack) -> Iterator[Finding]:
    """Orders are accepted, and their events arrive when the broker is back, each effect once."""
    shop, sku = stack.shops[0], f"freeze-{time.time_ns():x}"
    stock_up(shop, {sku: 1_000})
    body = {"currency": "USD", "lines": [{"sku": sku, "quantity": 1}]}
    orders: list[tuple[Answer, float]] = []
    with stopped(stack, "valkey"), shop.client(timeout=30) as client:
        for _ in range(ORDERS):
            began = time.monotonic()
            orders.append((client.post("/api/v1/orders/", body), time.monotonic() - began))
    accepted = {answer.json()["id"] for answer, _took in orders if answer.status == 201}
    yield exactly("orders accepted while the broker is frozen", len(accepted), ORDERS)
    yield at_most("slowest of them, s", max(took for _answer, took in orders), ORDER_SECONDS)
    thawed, arrived = time.monotonic(), Counter[str]()

    def delivered() -> bool:
        with suppress(KeyError):  # no list: refused while the platform is still degraded
            arrived.clear()
            arrived.update(entry.stream for entry in arrivals_of(stack, shop) if entry.version == 1)
        return all(arrived[f"order-{order}"] for order in accepted)

    whole = wait_until(delivered, DELIVERED_SECONDS, every=1)
    yield Finding("all their events arrived after, s", f"{time.monotonic() - thawed:.1f}", "yes", whole)
    yield nothing("effects more than once", [order for order in accepted if arrived[f"order-{order}"] > 1])


def asked(shop: Shop) -> tuple[int, int, float]:
    """Status, error code and seconds of one read; (0, 0, …) without an answer."""
    began = time.monotonic()
    try:
        with shop.client(timeout=60) as client:
            answer = client.get("/api/v1/products/")
    except NoAnswer:
        return 0, 0, time.monotonic() - began
    code = 0 if answer.status == 200 else answer.json()["code"]
    return answer.status, code, time.monotonic() - began


@contextmanager
def prober(stack: Stack) -> Iterator[subprocess.Popen[str]]:
    """The process that asks for the probes; gone at the end of the block."""
    command = [sys.executable, "-m", "tests.chaos.prober", str(stack.port), str(FROZEN_SECONDS)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stopped(stack: Stack, name: str) -> Iterator[None]:
    """Freeze a server with all its processes; its kernel goes on acknowledging packets."""
    root = stack.pid(name)
    assert root is not None
    pids = {root, *(process.pid for process in proc.tree([root]))}
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
