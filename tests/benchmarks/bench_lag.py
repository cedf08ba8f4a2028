"""From commit to receiver on the real stack: how long an event takes at 200 events a second.

Web, both workers, beat, PostgreSQL, Valkey, writer and receiver share this machine. The lag ends with the row in
the delivery log, which is written after the receiver's answer, so it is an upper bound.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.benchmarks.bench_orders import redirect_webhooks
from tests.benchmarks.results import Check, Options, Result, percentile
from tests.support.sink import running_sink
from tests.support.stack import PROJECT, Shop, Stack, environment_for_others, free_port

SUMMARY = "end-to-end lag of webhooks at a fixed rate of events"
RATE = 200.0
P99_LIMIT_MS = 250.0
WARM_UP_SECONDS = 3.0


def run(options: Options) -> Result:
    """Start a platform of its own, write to its first shop, stop it."""
    seconds = 5.0 if options.quick else min(options.seconds, 30.0)
    port = free_port()
    with running_sink(port), Stack.start(demo_baskets=5, RUSTOK_WEBHOOK_ALLOW=f"127.0.0.1:{port}") as stack:
        shop = stack.shops[0]
        redirect_webhooks(shop, port)
        warm = measure(stack, shop, WARM_UP_SECONDS)
        before = stack.cpu_seconds()
        lags = measure(stack, shop, seconds)[len(warm) :]
        spent = {part: after - before[part] for part, after in stack.cpu_seconds().items()}
    p99 = percentile(lags, 0.99)
    row = {
        "events": len(lags),
        "p50 ms": percentile(lags, 0.5),
        "p99 ms": p99,
        "max ms": max(lags),
        "worker ms/event": 1000 * spent["worker"] / len(lags),
        "postgres ms/event": 1000 * spent["postgres"] / len(lags),
    }
    checks = [Check(f"p99 of the lag at {RATE:g} events/s, ms", p99, P99_LIMIT_MS)]
    return Result(f"End-to-end lag at {RATE:g} events/s", [row], checks)


def measure(stack: Stack, shop: Shop, seconds: float) -> list[float]:
    """The lags so far, oldest event first, after writing for some seconds more."""
    command = [sys.executable, "-m", "tests.benchmarks.lag", shop.slug, str(RATE), str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "rustok.local", "exec", "--", *command],
        env=environment_for_others() | {"RUSTOK_DATA_DIR": str(stack.data)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the writer failed:\n{done.stderr[-2000:]}")
    lags: list[float] = json.loads(done.stdout.splitlines()[-1])
    return lags
