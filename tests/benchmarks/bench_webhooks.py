"""Webhooks to a fast receiver beside a hand-written loop; what a hung endpoint or a poisoned event costs the others.

The receiver is a process of its own on this machine. The hand-written loop only posts over a kept connection: no log,
no signature, no address check, no delivery rows; ours has all of these. The relays of three outbox libraries post as
the loop does. Pairs are interleaved, their medians compared.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys

import django

from rustok.config import config
from tests.benchmarks import outbox_peers
from tests.benchmarks.results import Check, Options, Result
from tests.support.sink import running_sink
from tests.support.stack import free_port

SUMMARY = "webhooks: events per second, and the lag of others beside a hung endpoint and a poisoned event"
SHARE_OF_HAND_WRITTEN = 0.4
TIMES_THE_BEST_LIBRARY = 5.0
PAIRS = 5
MOST_SHARE, MOST_SECONDS = 0.25, 0.05  # by which the others' p99 may grow: the larger one counts


def run(options: Options) -> Result:
    """Measure on a scratch database; the checks are written so that smaller is better."""
    events, seconds, pairs = (1_000, 1.0, 1) if options.quick else (5_000, 4.0, PAIRS)
    port = free_port()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as hung, running_sink(port):
        hung_port = hung.getsockname()[1]
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
        os.environ["RUSTOK_WEBHOOK_ALLOW"] = f"127.0.0.1:{port},127.0.0.1:{hung_port}"
        os.environ["RUSTOK_WEBHOOK_TIMEOUT"] = "1"
        config.cache_clear()
        django.setup()
        path = importlib.import_module("tests.benchmarks.webhook_path")
        libraries = posted_by_libraries(events // 5, port)  # just before ours: a machine changes its pace in minutes
        rates, lags = path.measure(events=events, seconds=seconds, port=port, hung_port=hung_port, pairs=pairs)
    checks = [Check("hand-written posts, times webhooks", rates.hand_written / rates.ours, 1 / SHARE_OF_HAND_WRITTEN)]
    if libraries:
        best = max(libraries.values()) / rates.ours
        checks.append(Check("the best library, times webhooks", best, 1 / TIMES_THE_BEST_LIBRARY))
    for name, lag in lags.items():
        limit = max(lag.alone * MOST_SHARE, MOST_SECONDS)
        checks.append(Check(f"seconds more of p99 beside {name}", lag.beside - lag.alone, limit))
    rows = [
        {"what": "hand-written posts, 1/s", "value": round(rates.hand_written)},
        {"what": "webhooks: signed, guarded, logged, 1/s", "value": round(rates.ours)},
    ]
    rows += [{"what": f"{name}, 1/s", "value": round(rate)} for name, rate in libraries.items()]
    for name, lag in lags.items():
        rows.append(
            {"what": f"p99 lag alone / beside {name}, ms", "value": f"{lag.alone * 1e3:.0f} / {lag.beside * 1e3:.0f}"}
        )
    return Result("Webhooks", rows, checks, {"events": events, "pairs": pairs, "seconds": seconds})


def posted_by_libraries(events: int, port: int) -> dict[str, float]:
    """Events per second of each library; nothing, said aloud, where they cannot be installed."""
    try:
        return outbox_peers.rates(events, port=port)
    except outbox_peers.NoPeers as error:
        print(f"  the libraries could not be installed: {error}", file=sys.stderr)
        return {}
