"""What Prometheus sees of webhooks: attempts by outcome and how long receivers take. No tenant, no address as label."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter, Histogram

from rustok.telemetry.metrics import REGISTRY

ATTEMPTS: Final = Counter(
    "rustok_webhook_attempts",
    "Posts to receivers: succeeded, refused (an answer that is no success), unreachable (no answer).",
    ("outcome",),
    registry=REGISTRY,
)
SECONDS: Final = Histogram(
    "rustok_webhook_duration_seconds",
    "Time that receivers took.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0),
    registry=REGISTRY,
)


def observe_attempts(attempts: Iterable[tuple[bool, bool, float]]) -> None:
    """Count posts: whether each succeeded, whether it was answered, and its seconds."""
    outcomes: Counts[str] = Counts()
    for succeeded, answered, seconds in attempts:
        outcomes["succeeded" if succeeded else "refused" if answered else "unreachable"] += 1
        SECONDS.observe(seconds)
    for outcome, count in outcomes.items():
        ATTEMPTS.labels(outcome).inc(count)
