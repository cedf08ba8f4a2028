"""The numbers of the bus for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from rustok.telemetry.metrics import REGISTRY

DEPTH: Final = Gauge(
    "rustok_bus_depth",
    "Deliveries that wait or run in a process.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
ACCEPTED: Final = Counter("rustok_bus_accepted", "Deliveries taken.", registry=REGISTRY)
WARNED: Final = Counter("rustok_bus_warned", "Publications above the warning mark.", registry=REGISTRY)
REJECTED: Final = Counter("rustok_bus_rejected", "Publications refused at the critical mark.", registry=REGISTRY)
FAILED: Final = Counter("rustok_bus_failed", "Handlers that raised.", ("subscriber",), registry=REGISTRY)
