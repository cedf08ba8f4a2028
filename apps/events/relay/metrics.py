"""What Prometheus sees of the relay. Labels are transports and outcomes: bounded by the code and the configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter, Histogram

from apps.events.relay.reports import TurnReport
from rustok.telemetry.metrics import REGISTRY

_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

NUMBERED: Final = Counter("rustok_events_numbered", "Facts that got their position in a log.", registry=REGISTRY)
DELIVERIES: Final = Counter(
    "rustok_event_deliveries",
    "Events by what became of their delivery: delivered, parked (tried again later), dead (given up).",
    ("transport", "outcome"),
    registry=REGISTRY,
)
PAUSES: Final = Counter(
    "rustok_relay_destination_pauses",
    "Pauses of a subscription for a failing receiver.",
    ("transport",),
    registry=REGISTRY,
)
LAG: Final = Histogram(
    "rustok_event_delivery_lag_seconds",
    "From the commit of a fact to its delivery, of the oldest fact of each turn.",
    ("transport",),
    buckets=_BUCKETS,
    registry=REGISTRY,
)


def observe_numbered(count: int) -> None:
    """Facts are in order now."""
    NUMBERED.inc(count)


def observe_turn(transport: str, report: TurnReport) -> None:
    """A turn has ended and its results are committed."""
    for outcome in ("delivered", "parked", "dead"):
        count = getattr(report, outcome)
        if count:
            DELIVERIES.labels(transport, outcome).inc(count)
    if report.paused:
        PAUSES.labels(transport).inc()


def observe_lag(transport: str, recorded_at: datetime) -> None:
    """A turn has delivered facts, the oldest of which was recorded then."""
    LAG.labels(transport).observe(max(0.0, (datetime.now(UTC) - recorded_at).total_seconds()))
