"""PostgreSQL is stopped with SIGSTOP under load, then the broker: what is still said, and how all of it recovers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_most, exactly, nothing
from tests.chaos.goods import stock_up
from tests.chaos.ledger import arrivals_of
from tests.support import proc
from tests.support.http import Client, NoAnswer
from tests.support.stack import Shop, Stack, wait_until

CROWD = 40
FROZEN_SECONDS = 6.0
LIVE_MS, READY_SECONDS, BOUND_SECONDS, RECOVERY_SECONDS = 5.0, 2.0, 20.0, 15.0
DELIVERED_SECONDS = 60.0
EXPECTED = {5001, 5013}
"""Refusals of a frozen database: no database, or no place beside those who wait for it."""


def run(stack: Stack, **_others: object) -> Iterator[Finding]:
    """Freeze, look, thaw, look; then the broker."""
    yield from frozen_database(stack)
    yield from broker_down(stack)


def frozen_database(stack: Stack) -> Iterator[Finding]:
    """Probes, requests under way, new requests, recovery."""
    shop, answers = stack.shops[0], list[tuple[int, int, float]]()
    crowd = [threading.Thread(target=lambda: answers.append(asked(shop))) for _ in range(CROWD)]
    with stopped(stack, "postgres"):
        began = time.monotonic()
        for thread in crowd:
            thread.start()
        live, ready_after = probes(stack, began)
        fresh = asked(shop)
        for thread in crowd:
            thread.join(60)
    thawed = time.monotonic()
    served = wait_until(lambda: asked(shop)[0] == 200, RECOVERY_SECONDS, every=0.2)
    yield at_most("/health/live, median ms", percentile(live, 0.5) * 1000, LIVE_MS)
    yield at_most("/health/ready says 503 after, s", ready_after, READY_SECONDS)
    yield exactly("requests with an answer", len(answers), CROWD)
    yield nothing("answers that are no 503 of ours", [a for a in answers if a[0] != 503 or a[1] not in EXPECTED])
    yield at_most("slowest of them, s", max(a[2] for a in answers), BOUND_SECONDS)
    yield exactly("a request after detection", fresh[:2], (503, 5001))
    yield at_most("answered after, s", fresh[2], 0.5)
    yield Finding("served again without a restart, s", f"{time.monotonic() - thawed:.1f}", "yes", served)


def broker_down(stack: Stack) -> Iterator[Finding]:
    """Orders are accepted, and their events arrive when the broker is back."""
    shop, sku = stack.shops[0], f"freeze-{time.time_ns():x}"
    stock_up(shop, {sku: 1_000})
    body = {"currency": "USD", "lines": [{"sku": sku, "quantity": 1}]}
    with stopped(stack, "valkey"), shop.client(timeout=30) as client:
        orders = [client.post("/api/v1/orders/", body) for _ in range(10)]
    accepted = {order.json()["id"] for order in orders if order.status == 201}
    yield exactly("orders accepted while the broker is frozen", len(accepted), 10)

    def delivered() -> bool:
        try:
            arrived = " ".join(entry.stream for entry in arrivals_of(stack, shop))
        except KeyError:  # a page of low criticality: refused while the platform is still degraded
            return False
        return all(order in arrived for order in accepted)

    yield Finding("their events arrived afterwards", "", "yes", wait_until(delivered, DELIVERED_SECONDS, every=1))


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


def probes(stack: Stack, began: float) -> tuple[list[float], float]:
    """Seconds that each liveness probe took, and when readiness was lost."""
    live, ready_after = [], float("inf")
    with Client(port=stack.port, host="localhost", token="", timeout=10) as client:
        while time.monotonic() - began < FROZEN_SECONDS:
            asked_at = time.monotonic()
            alive = client.get("/health/live").status == 200
            live.append(time.monotonic() - asked_at if alive else float("inf"))
            if ready_after == float("inf") and client.get("/health/ready").status == 503:
                ready_after = time.monotonic() - began
            time.sleep(0.02)
    return live, ready_after


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
