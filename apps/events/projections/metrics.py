"""What Prometheus sees of projections. Tenants beyond fifty are one label (`other`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter, Gauge

from rustok.telemetry.metrics import REGISTRY, tenant_label

EVENTS: Final = Counter(
    "rustok_projection_events", "Facts counted into read models.", ("projection",), registry=REGISTRY
)
LAG: Final = Gauge(
    "rustok_projection_lag_seconds",
    "Age of the oldest fact that a read model lacks; 0 when it has all.",
    ("projection", "tenant"),
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
READS: Final = Counter(
    "rustok_read_model_reads",
    "Reads by how they were answered: fresh, unchanged, loaded, shared.",
    ("model", "answer"),
    registry=REGISTRY,
)


def observe_batch(projection: str, tenant: str, recorded_at: datetime, count: int) -> None:
    """A turn has counted so many facts; the newest was recorded then."""
    EVENTS.labels(projection).inc(count)
    observe_lag(projection, tenant, (datetime.now(UTC) - recorded_at).total_seconds())


def observe_lag(projection: str, tenant: str, seconds: float) -> None:
    """Remember how far behind a tenant's read model is, in seconds."""
    LAG.labels(projection, tenant_label(tenant)).set(max(0.0, round(seconds, 3)))


def observe_read(model: str, answer: str) -> None:
    """Count one read; `answer` is fresh, unchanged, loaded or shared."""
    READS.labels(model, answer).inc()
