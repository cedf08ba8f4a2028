"""Buyers buy while parts of the platform are killed; then the ledger is drawn up."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.buyers import Book, Buyer, Promise, buy
from tests.chaos.findings import Finding, at_most, exactly, nothing
from tests.chaos.goods import levels, stock_up
from tests.chaos.ledger import check_shop, log_of
from tests.support.stack import Shop, Stack, StackFailed, wait_until

VICTIMS = ("worker1", "web", "postgres")
RECOVERY_LIMIT = 15.0  # seconds
SETTLE_LIMIT = 90.0  # seconds
SKUS = 12
ON_HAND = 1_000_000


@dataclass(frozen=True)
class Recovery:
    """One kill. Seconds from the kill until the process was back, an order was accepted, its event had arrived."""

    victim: str
    process: float
    accepted: float
    arrived: float


def run(stack: Stack, *, seconds: float, rate: float, **_others: object) -> Iterator[Finding]:
    """Buy for `seconds` at `rate` orders per second in all, kill each victim once, settle, compare."""
    book, shops = Book(), stack.shops
    run_name = f"rig-{time.time_ns():x}"
    skus = [f"{run_name}-{number:02d}" for number in range(SKUS)]
    for shop in shops:
        stock_up(shop, dict.fromkeys(skus, ON_HAND))
    starts = {shop.slug: log_of(shop)[-1].position for shop in shops}
    buyers = [Buyer(shop, skus, book, rate=rate / 6, seed=seed) for shop in shops for seed in (1, 2)]
    recoveries: list[Recovery] = []
    killer = threading.Thread(target=kill_in_turn, args=(stack, skus, book, seconds, recoveries), daemon=True)
    for thread in (*buyers, killer):
        thread.start()
    killer.join()
    for buyer in buyers:
        buyer.stopped.set()
    for buyer in buyers:
        buyer.join(90)
    promises = book.all()
    accepted = sum(promise.order is not None for promise in promises)
    yield Finding(
        "orders accepted (HTTP 201)", accepted, f">= {int(seconds * rate / 4)}", accepted >= seconds * rate / 4
    )
    yield Finding("orders that needed more than one try", sum(p.attempts > 1 for p in promises), "any", True)
    yield exactly("kills that were survived", [r.victim for r in recoveries], list(VICTIMS))
    for recovery in recoveries:
        facts = f"process {recovery.process:.1f}, accepted {recovery.accepted:.1f}, arrived {recovery.arrived:.1f}"
        worst = max(recovery.process, recovery.accepted, recovery.arrived)
        yield at_most(f"seconds until all was well after kill -9 of {recovery.victim} ({facts})", worst, RECOVERY_LIMIT)
    yield Finding("everything delivered after the end", *settled(stack))
    for shop in shops:
        mine = [promise for promise in promises if promise.shop == shop.slug]
        yield from check_shop(stack, shop, mine, after=starts[shop.slug])
        yield check_stock(shop, skus, mine)


def kill_in_turn(stack: Stack, skus: list[str], book: Book, seconds: float, recoveries: list[Recovery]) -> None:
    """Spread the kills over the time; each waits until the one before it is over."""
    pause = seconds / (len(VICTIMS) + 1)
    started = time.monotonic()
    for number, victim in enumerate(VICTIMS, 1):
        time.sleep(max(0.0, started + number * pause - time.monotonic()))
        recoveries.append(kill(stack, victim, skus, book))
    time.sleep(max(0.0, started + seconds - time.monotonic()))


def kill(stack: Stack, victim: str, skus: list[str], book: Book) -> Recovery:
    """Kill one part and time its way back. A fresh order is the probe: it must be accepted and its event arrive."""
    old = stack.kill(victim)
    killed = time.monotonic()
    back = threading.Thread(target=lambda: seconds.append(seconds_until_back(stack, victim, old)))
    seconds: list[float] = []
    back.start()
    shop = stack.shops[0]
    with shop.client(timeout=8) as client:
        promise = buy(client, shop, [{"sku": skus[0], "quantity": 1}], book)
    accepted = promise.answered_at - killed
    if promise.order is None or not wait_until(lambda: has_arrived(stack, shop, promise), 60, every=0.2):
        raise StackFailed(f"no recovery after the kill of {victim}: {promise.refusal or 'the event did not arrive'}")
    arrived = time.monotonic() - killed
    back.join()
    return Recovery(victim, seconds[0], accepted, arrived)


def seconds_until_back(stack: Stack, victim: str, old: int) -> float:
    """Seconds until the part runs under another pid."""
    started = time.monotonic()
    if not wait_until(lambda: stack.pid(victim) not in (None, old), 60, every=0.1):
        return float("inf")
    return time.monotonic() - started


def has_arrived(stack: Stack, shop: Shop, promise: Promise) -> bool:
    """Whether the receiver has the first event of the order."""
    assert promise.order is not None
    with stack.platform(timeout=3) as client:
        answer = client.get(f"/demo/arrivals/{shop.slug}/?stream=order-{promise.order['id']}")
    return answer.status == 200 and bool(answer.json()["results"])


def settled(stack: Stack) -> tuple[str, str, bool]:
    """Wait until the receiver has as many events of every shop as its log."""
    started = time.monotonic()
    done = stack.settle(SETTLE_LIMIT)
    return f"after {time.monotonic() - started:.1f} s", f"within {SETTLE_LIMIT:g} s", done


def check_stock(shop: Shop, skus: list[str], promises: list[Promise]) -> Finding:
    """What is reserved is exactly what was promised: an effect that happened twice would show here."""
    promised: Counter[str] = Counter()
    for promise in promises:
        for line in promise.lines if promise.order else ():
            promised[line["sku"]] += line["quantity"]
    wrong = [
        f"{sku}: {reserved} reserved, {promised[sku]} promised"
        for sku, (on_hand, reserved) in levels(shop, skus).items()
        if reserved != promised[sku] or on_hand != ON_HAND
    ]
    return nothing(f"{shop.slug}: stock that differs from the promises", wrong)
