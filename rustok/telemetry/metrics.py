"""Prometheus metrics with bounded labels. What is declared here is fed by a caller in this code base, or it goes.

Labels are route templates, never paths; unknown methods become `OTHER`; tenants beyond fifty become `other`.
With `PROMETHEUS_MULTIPROC_DIR` set, every process of the host writes there and any of them can answer a scrape
(`rustok.telemetry.gathering`).
"""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rustok import __version__
from rustok.telemetry.gathering import SharedNames, gathered

# Else a series more for each counter, and nobody asks when it was born.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library annotates only part of itself

REGISTRY: Final = CollectorRegistry(auto_describe=True)
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
_MOST_SEEN: Final = 10_000
_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_REQUESTS: Final = Counter(
    "rustok_http_requests", "Answered requests.", ("method", "route", "status"), registry=REGISTRY
)
HTTP_SECONDS: Final = Histogram(
    "rustok_http_request_duration_seconds", "Time to answer.", ("method", "route"), buckets=_LATENCY, registry=REGISTRY
)
TENANT_REQUESTS: Final = Counter(
    "rustok_tenant_requests",
    "Answered requests by tenant (fifty, half of them the first, half busy ones; the rest together).",
    ("tenant",),
    registry=REGISTRY,
)
TASKS: Final = Counter("rustok_tasks", "Finished background tasks.", ("task", "outcome"), registry=REGISTRY)
TASK_SECONDS: Final = Histogram(
    "rustok_task_duration_seconds", "Time of background tasks.", ("task",), buckets=_LATENCY, registry=REGISTRY
)
ERRORS: Final = Counter("rustok_errors", "Refusals by error code.", ("code",), registry=REGISTRY)
LIST_ROWS: Final = Counter(
    "rustok_list_rows", "Rows of lists: requested by the page size, and returned.", ("kind",), registry=REGISTRY
)
SUPPRESSED: Final = Counter(
    "rustok_log_lines_suppressed", "Log lines beyond the burst of one event and second.", registry=REGISTRY
)
DROPPED: Final = Counter(
    "rustok_telemetry_dropped",
    "Spans and log lines that were not sent: their receiver is down, or takes fewer than there are.",
    ("buffer",),
    registry=REGISTRY,
)
HEALTH: Final = Gauge(
    "rustok_health_check_status",
    "1 passes, 0.5 warns, 0 fails.",
    ("check",),
    registry=REGISTRY,
    multiprocess_mode="livemin",
)
HEALTH_VALUE: Final = Gauge(
    "rustok_health_check_value",
    "The number that a check saw last, in the unit that /health tells: lag, age, queue length, free disk.",
    ("check",),
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
HEALTH_SECONDS: Final = Gauge(
    "rustok_health_check_duration_seconds",
    "How long the last answer of a check took.",
    ("check",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
BUILD: Final = Gauge(
    "rustok_build_info", "1, with the version as label.", ("version",), registry=REGISTRY, multiprocess_mode="max"
)
BUILD.labels(__version__).set(1)


class CappedLabel:
    """Lets `limit` values through and calls every other one `other`: cardinality stays bounded (trap 41).

    Half of the places go to whoever comes first, the others to who has come more than `busy` times to this process: in
    a large installation the labels are worth most on the busiest. With `shared` all processes of the host let the same
    values through, or each would add fifty of its own.
    """

    def __init__(self, limit: int, *, busy: int = 0, shared: SharedNames | None = None) -> None:
        """Start empty."""
        self._limit, self._busy, self._shared = limit, busy, shared
        self._known: set[str] = set()
        self._seen: dict[str, int] = {}
        self._full = False
        self._lock = threading.Lock()

    def __call__(self, value: str) -> str:
        """The label to use for this value; takes the lock only for values never seen before."""
        if value in self._known:
            return value
        if self._full:
            return OTHER
        with self._lock:
            room = self._room_for(value)
            if len(self._known) < room:
                self._known = self._shared.enter(value, room) if self._shared is not None else {*self._known, value}
            self._full = len(self._known) >= self._limit
        return value if value in self._known else OTHER

    def _room_for(self, value: str) -> int:
        """How many places there are for it; called with the lock held."""
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        seen = self._seen[value] = self._seen.get(value, 0) + 1
        return self._limit if seen > self._busy else (self._limit + 1) // 2


def _directory() -> Path | None:
    place = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(place) if place else None


_shared_tenants: Final = SharedNames(_place / "tenants.names") if (_place := _directory()) else None
tenant_label: Final = CappedLabel(50, busy=50, shared=_shared_tenants)


def observe_request(*, method: str, route: str, status: int, seconds: float, tenant: str = "") -> None:
    """Count one answered request. `route` is a URL template, or "" for what no route matched."""
    verb = method if method in METHODS else "OTHER"
    template = route or "unmatched"
    HTTP_REQUESTS.labels(verb, template, f"{status // 100}xx").inc()
    HTTP_SECONDS.labels(verb, template).observe(seconds)
    if tenant:
        TENANT_REQUESTS.labels(tenant_label(tenant)).inc()


def observe_task(*, task: str, outcome: str, seconds: float) -> None:
    """Count one finished task; `outcome` is `done`, `failed`, or `withheld` by the service mode."""
    TASKS.labels(task, outcome).inc()
    TASK_SECONDS.labels(task).observe(seconds)


def observe_error(code: int) -> None:
    """Count one refusal by its stable code."""
    ERRORS.labels(str(code)).inc()


def observe_list(*, requested: int, returned: int) -> None:
    """Count the rows of one page."""
    LIST_ROWS.labels("requested").inc(requested)
    LIST_ROWS.labels("returned").inc(returned)


def observe_suppressed(lines: int) -> None:
    """Count log lines that were not written."""
    SUPPRESSED.inc(lines)


def observe_dropped(buffer: str, items: int) -> None:
    """Count spans or log lines that could not be sent."""
    DROPPED.labels(buffer).inc(items)


def observe_health(*, check: str, status: str, value: object = None, seconds: float = 0.0) -> None:
    """Remember what one health check answered; `status` is `pass`, `warn` or `fail`.

    A value that is not known any more becomes NaN, which no comparison holds for: the last good one would be a lie.
    """
    observe_verdict(check=check, status=status)
    HEALTH_SECONDS.labels(check).set(seconds)
    if isinstance(value, int | float):
        HEALTH_VALUE.labels(check).set(value)
    elif status == "fail":
        HEALTH_VALUE.labels(check).set(math.nan)


def observe_verdict(*, check: str, status: str) -> None:
    """Remember whether one health check passes; `status` is `pass`, `warn` or `fail`."""
    HEALTH.labels(check).set({"pass": 1.0, "warn": 0.5}.get(status, 0.0))


def exposition() -> bytes:
    """What a scraper reads (Prometheus text format 0.0.4), of this process or of all processes of the host."""
    place = _directory()
    return generate_latest(REGISTRY if place is None else gathered(place, REGISTRY))
