"""One shop's reads hang on a lock and take all places that reads may have: they fail in time, next door goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.benchmarks.results import percentile
from tests.chaos.findings import Finding, at_least, at_most, exactly, nothing
from tests.chaos.flood import Witness, order
from tests.chaos.freeze import asked
from tests.chaos.goods import stock_up
from tests.chaos.storm import Jobs
from tests.support.stack import Stack, wait_until

READERS, LOCKED_SECONDS, BOUND_SECONDS = 60, 8.0, 12.0
SHARE, P99_MS, RECOVERY_SECONDS = 99.5, 500.0, 15.0
EXPECTED = {5001, 5013}
"""No answer from the database in time, or no place beside those who wait for one."""


def run(stack: Stack, **_others: object) -> Iterator[Finding]:
    """Lock a table of one shop, read it with many, order next door."""
    sick, well = stack.shops[:2]
    sku, witness = f"slow-{time.time_ns():x}", Witness()
    stock_up(well, {sku: 1_000_000})
    answers: list[tuple[int, int, float]] = []
    buyers = [threading.Thread(target=order, args=(well, sku, time.monotonic() + 12, witness)) for _ in range(2)]
    readers = [threading.Thread(target=lambda: answers.append(asked(sick))) for _ in range(READERS)]
    with locked(Jobs(stack).database_url(), sick.slug):
        for thread in (*buyers, *readers):
            thread.start()
        time.sleep(LOCKED_SECONDS)
    for thread in (*readers, *buyers):
        thread.join(60)
    yield exactly("reads with an answer", len(answers), READERS)
    yield nothing("answers that are neither 200 nor 503 of ours", [
        a for a in answers if a[0] != 200 and (a[0] != 503 or a[1] not in EXPECTED)
    ])  # fmt: skip
    yield at_least("reads refused", sum(a[0] == 503 for a in answers), READERS / 2)
    yield at_most("slowest of them, s", max(a[2] for a in answers), BOUND_SECONDS)
    good = 100 * sum(taken for taken, _seconds in witness.orders) / len(witness.orders)
    yield at_least(f"orders next door accepted, percent of {len(witness.orders)}", good, SHARE)
    yield at_most("their p99, ms", percentile([took for _taken, took in witness.orders], 0.99) * 1000, P99_MS)
    served = wait_until(lambda: asked(sick)[0] == 200, RECOVERY_SECONDS, every=0.2)
    yield Finding("reads are served again", served, "True", served)


@contextmanager
def locked(database_url: str, slug: str) -> Iterator[None]:
    """Hold the shop's products so that nobody reads them."""
    with psycopg.connect(database_url, connect_timeout=5) as session:
        found = session.execute("SELECT schema_name FROM public.tenants_tenant WHERE slug = %s", [slug]).fetchone()
        assert found is not None
        table = sql.Identifier(found[0], "catalog_product")
        session.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
        yield
        session.rollback()
