"""What Prometheus sees of flags: looks at the store, and how old the knowledge of the processes is."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from rustok.telemetry.metrics import REGISTRY

POLLS: Final = Counter(
    "rustok_flag_polls", "Looks at the flags' store: fresh, or down.", ("outcome",), registry=REGISTRY
)
VERSION: Final = Gauge(
    "rustok_flag_version",
    "The version of the flags that a process has seen last.",
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
