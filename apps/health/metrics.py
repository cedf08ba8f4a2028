"""What Prometheus sees of workers: how often they start, and that they work."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from rustok.telemetry.metrics import REGISTRY

STARTS: Final = Counter("rustok_worker_starts", "Worker processes that became ready.", registry=REGISTRY)
BEATS: Final = Counter("rustok_worker_heartbeats", "Heartbeats that travelled through the broker.", registry=REGISTRY)
LOAD: Final = Gauge(
    "rustok_admission_load",
    "Work offered to a process as a multiple of what it does at once; the busiest process.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
POOL_LOAD: Final = Gauge(
    "rustok_db_pool_load",
    "Connections taken and asked for, as a share of the pool; the fullest process.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
