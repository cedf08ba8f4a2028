"""How long each stage takes and what it refuses. Labels are names of stages and codes: bounded."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from rustok.telemetry.metrics import REGISTRY

_BUCKETS: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.02, 0.1, 0.5)

STAGE_SECONDS: Final = Histogram(
    "rustok_zero_trust_stage_duration_seconds",
    "Time of one stage of the request pipeline.",
    ("stage",),
    buckets=_BUCKETS,
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "rustok_zero_trust_refusals", "Requests refused, by stage and error code.", ("stage", "code"), registry=REGISTRY
)
UNCHECKED: Final = Counter(
    "rustok_zero_trust_store_failures",
    "Requests that met a store that is down, and what became of them (open: served unchecked, closed: refused).",
    ("check", "behaviour"),
    registry=REGISTRY,
)
