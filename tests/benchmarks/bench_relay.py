"""The event path piece by piece: append, number, relay to a sink that does nothing, webhooks to one that accepts.

Everything on this machine, one relay process; the webhook receiver is a process of its own. Beside the relay stand two
hand-written loops: one reads batches of the same table and remembers its place, one only posts over a kept connection.
"""

from __future__ import annotations

import importlib
import os

import django

from rustok.config import config
from tests.benchmarks.results import Check, Options, Result
from tests.support.sink import running_sink
from tests.support.stack import free_port

SUMMARY = "event path: append, numbering, relay, webhooks; events per second"
NUMBERING_PER_SECOND = 20_000
SHARE_OF_HAND_WRITTEN = 0.4


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
    rows = [{"what": what, "events/s": round(rate)} for what, rate in rates.items()]
    return Result("Event path", rows, checks, {"events": events})
