"""What Prometheus sees of the tenant directory: loads, because hits cost nothing and are not counted."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from rustok.telemetry.metrics import REGISTRY

LOADS: Final = Counter(
    "rustok_tenant_directory_loads", "Look-ups that memory could not answer: found, or unknown.", ("answer",),
    registry=REGISTRY,
)  # fmt: skip
