"""64 buyers want the last ten units at once: ten get one, the others are told why not, nothing else happens."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator

from tests.chaos.findings import Finding, exactly
from tests.chaos.goods import levels, stock_up
from tests.support.http import Answer
from tests.support.stack import Shop, Stack

BUYERS = 64
UNITS = 10
RUN = f"{time.time_ns():x}"
SKU = f"last-units-{RUN}"
PAIR = f"last-pair-{RUN}"


def run(stack: Stack, *, seconds: float, rate: float, **_others: object) -> Iterator[Finding]:
    """Race for the units, then try to take one SKU twice in a basket beyond what there is."""
    shop = stack.shops[0]
    stock_up(shop, {SKU: UNITS, PAIR: 3})
    answers = race(shop)
    won = [answer for answer in answers if answer.status == 201]
    lost = [answer for answer in answers if answer.status == 409 and answer.json()["name"] == "InsufficientInventory"]
    yield exactly(f"{BUYERS} buyers, {UNITS} units: orders accepted", len(won), UNITS)
    yield exactly("the others got InsufficientInventory", len(lost), BUYERS - UNITS)
    yield exactly("different orders", len({json.loads(answer.body)["id"] for answer in won}), UNITS)
    yield exactly("on hand and reserved afterwards", levels(shop, [SKU])[SKU], (UNITS, UNITS))
    with shop.client() as client:
        greedy = client.post("/api/v1/orders/", basket(PAIR, 2, 2))
        fair = client.post("/api/v1/orders/", basket(PAIR, 1, 2))
    yield exactly("one SKU twice, together more than there is", greedy.status, 409)
    yield exactly("one SKU twice, together what there is", fair.status, 201)
    yield exactly("the pair's on hand and reserved afterwards", levels(shop, [PAIR])[PAIR], (3, 3))


def basket(sku: str, *quantities: int) -> dict[str, object]:
    """An order body with one line per quantity."""
    return {"currency": "USD", "lines": [{"sku": sku, "quantity": quantity} for quantity in quantities]}


def race(shop: Shop) -> list[Answer]:
    """All buyers at once, each on a connection of its own."""
    answers: list[Answer] = []
    barrier = threading.Barrier(BUYERS)

    def one() -> None:
        with shop.client(timeout=60) as client:
            client.get("/health/live")  # connect before the race
            barrier.wait()
            answers.append(client.post("/api/v1/orders/", basket(SKU, 1), idempotency_key=str(uuid.uuid4())))

    threads = [threading.Thread(target=one) for _ in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return answers
