"""The event path piece by piece: append, number, relay to a sink that does nothing, webhooks to one that accepts.

Everything on this machine, one relay process; the webhook receiver is a process of its own. Beside the relay stand two
hand-written loops (one reads batches of the same table and remembers its place, one posts over a kept connection) and
the relays of three outbox libraries, on the same server, in a virtual environment that is made and thrown away.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import django

from rustok.config import config
from tests.benchmarks import outbox_peers
from tests.benchmarks.results import Check, Options, Result
from tests.support.sink import running_sink
from tests.support.stack import free_port

SUMMARY = "event path: append, numbering, relay, webhooks; events per second"
NUMBERING_PER_SECOND = 20_000
SHARE_OF_HAND_WRITTEN = 0.4
TIMES_THE_BEST_LIBRARY = 5.0


def run(options: Options) -> Result:
    """Measure on a scratch database; the checks are written so that smaller is better."""
    events = 2_000 if options.quick else 20_000
    port = free_port()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
    os.environ["RUSTOK_WEBHOOK_ALLOW"] = f"127.0.0.1:{port}"
    config.cache_clear()
    django.setup()
    path = importlib.import_module("tests.benchmarks.event_path")
    with running_sink(port):
        rates = path.measure(events=events, port=port)
    relay = rates[path.BATCHES] / rates[path.RELAY]
    webhooks = rates[path.POSTS] / rates[path.WEBHOOKS]
    checks = [
        Check("numbering, seconds for 20,000 events", NUMBERING_PER_SECOND / rates[path.NUMBERING], 1.0),
        Check("hand-written batches, times the relay", relay, 1 / SHARE_OF_HAND_WRITTEN),
        Check("hand-written posts, times webhooks", webhooks, 1 / SHARE_OF_HAND_WRITTEN),
    ]
    facts: dict[str, Any] = {"events": events}
    try:
        libraries = outbox_peers.rates(events // 20)
    except outbox_peers.NoPeers as error:
        facts["libraries"] = f"not compared: {error}"
        print(f"  the libraries could not be installed: {error}", file=sys.stderr)
    else:
        rates |= libraries
        best = max(libraries.values()) / rates[path.RELAY]
        checks.append(Check("the best library, times the relay", best, 1 / TIMES_THE_BEST_LIBRARY))
    rows = [{"what": what, "events/s": round(rate)} for what, rate in rates.items()]
    return Result("Event path", rows, checks, facts)
