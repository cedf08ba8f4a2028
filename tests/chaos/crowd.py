"""200 mixed requests at once on two tenants: nobody sees a row of the other; wrong doors and forged headers fail."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.chaos.findings import Finding, exactly, nothing
from tests.chaos.goods import stock_up
from tests.support.http import Answer
from tests.support.stack import Shop, Stack, wait_until

REQUESTS = 200
PARALLEL = 32
READS = ("/api/v1/orders/", "/api/v1/products/", "/api/v1/stock/", "/api/v1/customers/", "/api/v1/events/?after=0")


def run(stack: Stack, *, seconds: float, rate: float, **_others: object) -> Iterator[Finding]:
    """Mix reads and writes, then look at every answer; then knock at the wrong doors."""
    shops = stack.shops[:2]
    for shop in shops:
        stock_up(shop, {sku_of(shop): 1_000_000})
    seen = crowd(shops)
    statuses = Counter(answer.status for _shop, answer in seen)
    yield exactly("answers of the crowd", dict(statuses), dict(Counter({200: statuses[200], 201: statuses[201]})))
    yield exactly("requests answered", len(seen), REQUESTS)
    ids = {shop.slug: set().union(*(ids_in(answer) for who, answer in seen if who is shop)) for shop in shops}
    first, second = shops
    yield Finding("rows seen", {slug: len(found) for slug, found in ids.items()}, "many", all(ids.values()))
    yield nothing("rows of one tenant seen in the other", sorted(ids[first.slug] & ids[second.slug]))
    yield nothing("names of one tenant seen in the other", [
        f"{who.slug} saw {other.slug}" for who, answer in seen for other in shops
        if other is not who and sku_of(other).encode() in answer.body
    ])  # fmt: skip
    yield from wrong_doors(first, second, sorted(ids[second.slug]))
    yield suspended(stack, second)


def sku_of(shop: Shop) -> str:
    """A SKU that names its tenant."""
    return f"only-in-{shop.slug}"


def crowd(shops: list[Shop]) -> list[tuple[Shop, Answer]]:
    """REQUESTS requests by PARALLEL threads, each thread hopping between the tenants."""
    seen: list[tuple[Shop, Answer]] = []
    barrier = threading.Barrier(PARALLEL)
    shares = [REQUESTS // PARALLEL + (number < REQUESTS % PARALLEL) for number in range(PARALLEL)]

    def one(number: int) -> None:
        chance = random.Random(number)
        clients = [(shop, shop.client(timeout=60)) for shop in shops]
        barrier.wait()
        for _ in range(shares[number]):
            shop, client = chance.choice(clients)
            if chance.random() < 0.4:
                lines = [{"sku": sku_of(shop), "quantity": chance.randint(1, 3)}]
                seen.append((shop, client.post("/api/v1/orders/", {"currency": "USD", "lines": lines})))
            else:
                seen.append((shop, client.get(chance.choice(READS))))
        for _shop, client in clients:
            client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return seen


def ids_in(answer: Answer) -> set[str]:
    """Every `id` in the answer's JSON; they are UUIDs, so that equal ones mean equal rows."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.update(text for name, text in value.items() if name == "id" and isinstance(text, str))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(json.loads(answer.body))
    return found


def suspended(stack: Stack, shop: Shop) -> Finding:
    """A suspended tenant answers 403 within two seconds, and 200 again after it is resumed."""

    def answers(status: int) -> bool:
        with shop.client() as client:
            return client.get("/api/v1/orders/").status == status

    path = f"/api/v1/tenants/{shop.slug}"
    with stack.platform() as operator:
        operator.post(f"{path}/suspend/", {"reason": "fault rig"})
        closed = wait_until(lambda: answers(403), 2.5)
        operator.post(f"{path}/resume/")
        opened = wait_until(lambda: answers(200), 2.5)
    return exactly("a suspended tenant is closed, a resumed one open", (closed, opened), (True, True))


def wrong_doors(first: Shop, second: Shop, foreign: list[str]) -> Iterator[Finding]:
    """Requests that must not get through, and headers that must not count."""
    forged = {"X-Forwarded-Host": second.host, "X-Tenant-ID": second.slug, "X-Tenant": second.slug}
    with first.client() as client:
        plain, other = (ids_in(client.get("/api/v1/products/", **headers)) for headers in ({}, forged))
        yield exactly("forged X-Forwarded-Host and X-Tenant-ID change nothing", other == plain, True)
        peeks = [client.get(f"/api/v1/orders/{row}/").status for row in foreign[:5]]
        yield exactly("an order id of the other tenant", set(peeks), {404})
    for name, host, token, status in (
        ("the other tenant's key", first.host, second.key, 403),
        ("no credential", first.host, "", 401),
        ("an unknown host", f"nobody-here.{first.host.partition('.')[2]}", first.key, 404),
        ("a malformed host", "bad_host!.localhost", first.key, 400),
        ("a tenant path without a tenant", first.host.partition(".")[2], first.key, 404),
    ):
        shop = Shop(first.slug, host, first.port, token)
        with shop.client() as client:
            answer = client.get("/api/v1/orders/")
        kept = answer.status == status and answer.headers["content-type"].startswith("application/problem+json")
        yield Finding(f"{name} gets a problem", answer.status, str(status), kept)
