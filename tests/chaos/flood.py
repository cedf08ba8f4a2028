"""Twelve times what the platform can do, of low criticality, beside a few orders: the orders must not notice.

The capacity is measured first, on the same operation, with answers 200 only; the better of the rounds counts, so that a
busy moment of the machine does not make the flood smaller. The flood keeps to 0.3 of a core (`torrent`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.benchmarks import load
from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_least, at_most, exactly
from tests.chaos.goods import stock_up
from tests.chaos.torrent import Poured, Torrent, pour
from tests.support.http import NoAnswer
from tests.support.stack import Shop, Stack, wait_until

TIMES, SHARE = 12, 0.3
ROUNDS, ROUND_SECONDS = 3, 3.0
SHARE_OF_CRITICAL, P99_MS = 99.5, 500.0
BEFORE_SECONDS, DOWN_SECONDS, CALM_SECONDS = 2.0, 15.0, 60.0
REFUSED = re.compile(
    r'^rustok_admission_refused_total\{criticality="(\w+)",reason="(\w+)"\} ([0-9.e+]+)$', re.MULTILINE
)


@dataclass
class Witness:
    """What is seen beside the flood: orders as (taken, seconds), changes of the mode as (seconds since start, mode)."""

    orders: list[tuple[bool, float]] = field(default_factory=list)
    modes: list[tuple[float, str]] = field(default_factory=list)


def run(stack: Stack, *, seconds: float, **_others: object) -> Iterator[Finding]:
    """Measure the capacity, flood for `seconds`, order meanwhile, wait until the mode is full again."""
    shop, sku = stack.shops[0], f"flood-{time.time_ns():x}"
    stock_up(shop, {sku: 1_000_000})
    low = (
        f"GET /api/v1/api-keys/ HTTP/1.1\r\nHost: {shop.host}:{stack.port}\r\nAuthorization: Bearer {shop.key}\r\n\r\n"
    )
    wait_until(lambda: mode_of(stack) == "full", CALM_SECONDS, every=0.5)  # after the scenario before
    capacity = capacity_of(stack.port, low)
    wait_until(lambda: mode_of(stack) == "full", CALM_SECONDS, every=0.5)
    before, witness = refusals(stack), Witness()
    poured = flood(stack, shop, sku, Torrent(stack.port, low, seconds, TIMES * capacity, SHARE), witness)
    after = refusals(stack)
    yield from judge_flood(poured, capacity, seconds, {kind: after[kind] - before.get(kind, 0) for kind in after})
    yield from judge_orders(witness, poured.seconds)
    yield from judge_modes(witness, poured.seconds)


def capacity_of(port: int, request: str) -> float:
    """Answers per second that the platform gives to a few clients who ask as fast as they are answered."""
    plan = load.Plan(port=port, requests=[request], seconds=ROUND_SECONDS, clients=4)
    rounds = [load.measure(plan) for _ in range(ROUNDS)]
    return max(one.statuses.get("200", 0) / one.seconds for one in rounds)


def flood(stack: Stack, shop: Shop, sku: str, plan: Torrent, witness: Witness) -> Poured:
    """Pour while two buyers order and somebody watches the mode, until it is full again or patience ends."""
    started, stop = time.monotonic(), threading.Event()
    buying_until = started + BEFORE_SECONDS + plan.seconds
    threads = [threading.Thread(target=order, args=(shop, sku, buying_until, witness)) for _ in range(2)]
    threads.append(threading.Thread(target=watch, args=(stack, started + BEFORE_SECONDS, stop, witness)))
    for thread in threads:
        thread.start()
    time.sleep(BEFORE_SECONDS)
    poured = pour(plan)
    wait_until(lambda: witness.modes[-1:] != [] and witness.modes[-1][1] == "full", CALM_SECONDS, every=0.2)
    stop.set()
    for thread in threads:
        thread.join(60)
    return poured


def judge_flood(poured: Poured, capacity: float, seconds: float, shed: dict[tuple[str, str], int]) -> Iterator[Finding]:
    """What was poured, from how much, and what became of it."""
    rate = poured.offered / poured.seconds
    served = poured.statuses.get("200", 0) / poured.seconds
    facts = ", ".join(f"{criticality}/{reason} {count}" for (criticality, reason), count in sorted(shed.items()))
    yield Finding("capacity, low answers per second", f"{capacity:.0f}", "any", True)
    yield at_least(f"offered, times the capacity, for {seconds:.0f} s", rate / capacity, TIMES * 0.98)
    yield at_most("the generator's share of a core", poured.share, SHARE + 0.01)
    yield Finding("offered and served per second", f"{rate:.0f}, {served:.0f}; {poured.statuses}", "any", True)
    yield Finding("shed by criticality and reason", facts, "low, never critical", is_low_first(shed))


def is_low_first(shed: dict[tuple[str, str], int]) -> bool:
    """Whether low was shed and critical was not."""
    count = {level: sum(n for (of, _why), n in shed.items() if of == level) for level in ("low", "critical")}
    return count["low"] > 0 and count["critical"] == 0


def judge_orders(witness: Witness, seconds: float) -> Iterator[Finding]:
    """The critical ones."""
    orders = witness.orders
    good = 100 * sum(taken for taken, _seconds in orders) / len(orders)
    yield at_least("orders per second", len(orders) / (seconds + BEFORE_SECONDS), 1)
    yield Finding("orders accepted, percent", f"{good:.2f} of {len(orders)}", ">= 99.5", good >= SHARE_OF_CRITICAL)
    yield at_most("their p99, ms", percentile([took for _taken, took in orders], 0.99) * 1000, P99_MS)


def judge_modes(witness: Witness, seconds: float) -> Iterator[Finding]:
    """Down once, up once, by itself."""
    told = ", ".join(f"{mode} at {at:.1f} s" for at, mode in witness.modes)
    yield exactly(f"modes: {told}", " ".join(mode for _at, mode in witness.modes), "full degraded full")
    down = next((at for at, mode in witness.modes if mode == "degraded"), float("inf"))
    yield at_most("degraded after, s", down, DOWN_SECONDS)
    last = witness.modes[-1] if witness.modes else (0.0, "")
    up = last[0] - seconds if last[1] == "full" else float("inf")
    yield at_most("full again after the flood, s", up, CALM_SECONDS)


def order(shop: Shop, sku: str, until: float, witness: Witness) -> None:
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
        witness.orders.append((taken, took))
        time.sleep(max(0.0, 0.5 - took))


def watch(stack: Stack, started: float, stop: threading.Event, witness: Witness) -> None:
    """Note each change of the mode; a mode lasts longer than the time between two looks."""
    while not stop.wait(0.25):
        mode = mode_of(stack)
        if mode and (not witness.modes or witness.modes[-1][1] != mode):
            witness.modes.append((time.monotonic() - started, mode))


def mode_of(stack: Stack) -> str:
    """The mode, or nothing without an answer."""
    try:
        with stack.platform(timeout=10) as client:
            answer = client.get("/api/v1/degradation/")
    except NoAnswer:
        return ""
    return str(answer.json()["mode"]) if answer.status == 200 else ""


def refusals(stack: Stack) -> dict[tuple[str, str], int]:
    """What the gate has refused so far, by criticality and reason."""
    with stack.platform() as client:
        text = client.get("/metrics").body.decode()
    return {(level, reason): round(float(count)) for level, reason, count in REFUSED.findall(text)}
