"""Twelve times what the platform can do, of low criticality, beside a few orders: the orders must not notice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from tests.benchmarks import load
from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_most
from tests.chaos.goods import stock_up
from tests.support.http import NoAnswer
from tests.support.stack import Shop, Stack, wait_until

TIMES = 12
CAPACITY_SECONDS = 4.0
SHARE_OF_CRITICAL, P99_MS = 99.5, 500.0
CALM_SECONDS = 60.0


def run(stack: Stack, *, seconds: float, **_others: object) -> Iterator[Finding]:
    """Measure the capacity, flood for `seconds`, order meanwhile, wait until the mode is full again."""
    shop, sku = stack.shops[0], f"flood-{time.time_ns():x}"
    stock_up(shop, {sku: 1_000_000})
    low = (
        f"GET /api/v1/api-keys/ HTTP/1.1\r\nHost: {shop.host}:{stack.port}\r\nAuthorization: Bearer {shop.key}\r\n\r\n"
    )
    measured = load.measure(load.Plan(port=stack.port, requests=[low], seconds=CAPACITY_SECONDS, clients=3))
    capacity = measured.statuses.get("200", 0) / measured.seconds
    orders: list[tuple[bool, float]] = []
    modes: list[str] = []
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=order, args=(shop, sku, until, orders)) for _ in range(2)]
    threads.append(threading.Thread(target=watch, args=(stack, until, modes)))
    for thread in threads:
        thread.start()
    plan = load.Plan(port=stack.port, requests=[low], seconds=seconds, rate=TIMES * capacity, timeout=10)
    flooded = load.measure(plan)
    for thread in threads:
        thread.join(60)
    good = 100 * sum(taken for taken, _seconds in orders) / len(orders)
    yield Finding("offered per second, and answered", f"{plan.rate:.0f}: {flooded.statuses}", "any", True)
    yield Finding("orders accepted, percent", f"{good:.2f} of {len(orders)}", ">= 99.5", good >= SHARE_OF_CRITICAL)
    yield at_most("their p99, ms", percentile([took for _taken, took in orders], 0.99) * 1000, P99_MS)
    yield Finding("modes on the way", " ".join(modes), "full degraded", modes == ["full", "degraded"])
    calm = wait_until(lambda: mode_of(stack) == "full", CALM_SECONDS, every=0.5)
    yield Finding("full again by itself", calm, "True", calm)


def order(shop: Shop, sku: str, until: float, orders: list[tuple[bool, float]]) -> None:
    """Place an order about twice a second."""
    body = {"currency": "USD", "lines": [{"sku": sku, "quantity": 1}]}
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with shop.client(timeout=20) as client:
                taken = client.post("/api/v1/orders/", body).status == 201
        except NoAnswer:
            taken = False
        took = time.monotonic() - began
        orders.append((taken, took))
        time.sleep(max(0.0, 0.5 - took))


def watch(stack: Stack, until: float, modes: list[str]) -> None:
    """Note each change of the mode."""
    while time.monotonic() < until:
        mode = mode_of(stack)
        if mode and (not modes or modes[-1] != mode):
            modes.append(mode)
        time.sleep(0.5)


def mode_of(stack: Stack) -> str:
    """The mode, or nothing without an answer."""
    try:
        with stack.platform(timeout=10) as client:
            answer = client.get("/api/v1/degradation/")
    except NoAnswer:
        return ""
    return str(answer.json()["mode"]) if answer.status == 200 else ""
