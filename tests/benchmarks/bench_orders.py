"""`POST /api/v1/orders/` on the real stack: latency at a fixed rate, rate of eight clients, CPU per order by part.

Everything runs on this machine: web, both workers, beat, PostgreSQL, Valkey, the load generator, the webhook receiver.
The receiver is a process of its own here (another company's server is no part of the platform's CPU). Orders have five
lines of random SKUs, carry an Idempotency-Key, and go to the three demo shops in turn.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from typing import Any

from tests.benchmarks.load import Measured, Plan, measure
from tests.benchmarks.results import Check, Options, Result, percentile
from tests.support.sink import running_sink
from tests.support.stack import Shop, Stack, free_port, wait_until

SUMMARY = "POST /api/v1/orders/: open loop, closed loop, CPU per order of web, worker and PostgreSQL"
CLIENTS = 8
LINES = 5
P99_LIMIT_MS = 100.0
WEB_CPU_LIMIT_MS = 10.0
DRAIN_SECONDS = 120.0
PARTS = ("web", "worker", "postgres")


def run(options: Options) -> Result:
    """Start a platform of its own, measure, stop it."""
    seconds = 5.0 if options.quick else options.seconds
    port = free_port()
    with running_sink(port), Stack.start(demo_baskets=60, RUSTOK_WEBHOOK_ALLOW=f"127.0.0.1:{port}") as stack:
        for shop in stack.shops:
            redirect_webhooks(shop, port)
        requests = order_requests(stack.shops, count=2000)
        warm_up(stack, requests)
        idle = idle_cpu(stack, 2.0 if options.quick else 10.0)
        runs = [
            loop(stack, Plan(stack.port, requests, seconds, rate=options.rate), "open", idle)
            for _ in range(1 if options.quick else options.runs)
        ]
        closed = loop(stack, Plan(stack.port, requests, seconds, clients=CLIENTS), "closed", idle)
    rows = [row | {"loop": f"open {number}"} for number, row in enumerate(runs, 1)]
    rows.append(closed | {"loop": f"closed, {CLIENTS} clients"})
    p99 = statistics.median(row["p99 ms"] for row in runs)
    web = statistics.median(row["web ms/order"] for row in [*runs, closed])
    checks = [
        Check(f"median p99 at {options.rate:g} orders/s, ms", p99, P99_LIMIT_MS),
        Check("errors", float(sum(row["errors"] for row in rows)), 0.0),
        Check("web CPU per order, median, ms", web, WEB_CPU_LIMIT_MS),
    ]
    return Result("Orders over HTTP", rows, checks, {"idle_cpu_share": idle, "lines": LINES, "seconds": seconds})


def redirect_webhooks(shop: Shop, port: int) -> None:
    """Let the shop's webhooks go to the sink instead of the demo receiver, which would be counted as web CPU."""
    with shop.client() as client:
        base = "/api/v1/webhooks/endpoints/"
        found = client.get(base)
        assert found.status == 200, found.body
        for endpoint in found.json()["results"]:
            removed = client.request("DELETE", f"{base}{endpoint['id']}/")
            assert removed.status in (200, 204), removed.body
        added = client.post(base, {"url": f"http://127.0.0.1:{port}/sink", "event_types": ["*"]})
        assert added.status == 201, added.body


def order_requests(shops: list[Shop], *, count: int) -> list[str]:
    """Ready HTTP requests, shops in turn."""
    chance = random.Random(20170101)
    skus = {shop.slug: sellable_skus(shop) for shop in shops}
    made = []
    for number in range(count):
        shop = shops[number % len(shops)]
        chosen = chance.sample(skus[shop.slug], LINES)
        body = {"currency": "USD", "lines": [{"sku": sku, "quantity": chance.randint(1, 3)} for sku in chosen]}
        made.append(http_request(shop, json.dumps(body)))
    return made


def http_request(shop: Shop, body: str) -> str:
    """The bytes of one POST, as text; the generator fills in the idempotency key."""
    head = [
        "POST /api/v1/orders/ HTTP/1.1",
        f"Host: {shop.host}:{shop.port}",
        f"Authorization: Bearer {shop.key}",
        "Content-Type: application/json",
        "Idempotency-Key: @@KEY@@",
        f"Content-Length: {len(body.encode())}",
    ]
    return "\r\n".join(head) + "\r\n\r\n" + body


def sellable_skus(shop: Shop, wanted: int = 300) -> list[str]:
    """SKUs with plenty of stock."""
    skus: list[str] = []
    cursor = ""
    with shop.client() as client:
        while len(skus) < wanted:
            page = client.get(f"/api/v1/stock/?page_size=100{cursor}").json()
            skus += [level["sku"] for level in page["results"] if level["available"] >= 100]
            if not page["next"]:
                break
            cursor = "&cursor=" + page["next"].partition("cursor=")[2].partition("&")[0]
    return skus


def warm_up(stack: Stack, requests: list[str]) -> None:
    """Let every thread of the web process meet every shop once, and the backlog of the demo load drain."""
    measure(Plan(stack.port, requests, 3.0, clients=CLIENTS))
    settle(stack)


def loop(stack: Stack, plan: Plan, kind: str, idle: dict[str, float]) -> dict[str, Any]:
    """One measured loop; its CPU includes the deliveries that it caused, and not what the idle platform uses anyway."""
    before, started = stack.cpu_seconds(), time.monotonic()
    measured = measure(plan)
    drained = settle(stack)
    elapsed = time.monotonic() - started
    after = stack.cpu_seconds()
    orders = measured.statuses.get("201", 0)
    per_order = {part: 1000 * (after[part] - before[part] - idle[part] * elapsed) / max(1, orders) for part in PARTS}
    print(f"  {kind}: {orders} orders, {measured.errors} errors, drained in {drained:.1f} s", file=sys.stderr)
    return row(measured, orders, per_order, drained)


def row(measured: Measured, orders: int, per_order: dict[str, float], drained: float) -> dict[str, Any]:
    """One line of the table."""
    return {
        "loop": "",
        "orders": orders,
        "errors": measured.errors,
        "per second": orders / measured.seconds,
        "p50 ms": percentile(measured.latencies, 0.5),
        "p99 ms": percentile(measured.latencies, 0.99),
        "max ms": max(measured.latencies, default=float("nan")),
        **{f"{part} ms/order": spent for part, spent in per_order.items()},
        "drain s": drained,
    }


def settle(stack: Stack) -> float:
    """Wait until every event of every shop is delivered; return how long that took, in seconds."""
    started = time.monotonic()
    clients = [shop.client() for shop in stack.shops]

    def delivered() -> bool:
        return all(pending(client) == 0 for client in clients)

    if not wait_until(delivered, DRAIN_SECONDS, every=0.5):
        raise RuntimeError(f"deliveries did not drain within {DRAIN_SECONDS:.0f} s")
    for client in clients:
        client.close()
    return time.monotonic() - started


def pending(client: Any) -> int:
    """How many events of a shop its webhooks still have to deliver."""
    endpoints = client.get("/api/v1/webhooks/endpoints/").json()["results"]
    return sum(int(endpoint["lag"]) for endpoint in endpoints)


def idle_cpu(stack: Stack, seconds: float) -> dict[str, float]:
    """The share of a CPU that each part uses while nobody asks for anything."""
    before = stack.cpu_seconds()
    time.sleep(seconds)
    after = stack.cpu_seconds()
    return {part: (after[part] - before[part]) / seconds for part in after}
