"""From results to what probes and people read (draft-inadarei-api-health-check, application/health+json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.health.sampler import Result, Status


def is_ready(results: Sequence[Result]) -> bool:
    """Whether no critical check fails. Without any result yet, a process is not ready."""
    return not any(result.check.is_critical and result.status is Status.FAIL for result in results)


def overall(results: Sequence[Result]) -> Status:
    """`fail` when a critical check fails, `warn` when anything else is not right."""
    if not is_ready(results):
        return Status.FAIL
    return Status.PASS if all(result.status is Status.PASS for result in results) else Status.WARN


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """The body of a readiness probe: the verdict and the names of what fails, no detail."""
    failing = [result.check.name for result in results if result.status is Status.FAIL]
    return {"status": overall(results), "failing": failing}


def detail(results: Sequence[Result], *, version: str) -> dict[str, Any]:
    """The whole picture, for holders of a credential."""
    return {
        "status": overall(results),
        "version": version.partition(".")[0],
        "releaseId": version,
        "serviceId": "rustok",
        "checks": {result.check.name: [_entry(result)] for result in results},
    }


def _entry(result: Result) -> dict[str, Any]:
    check = result.check
    entry: dict[str, Any] = {
        "status": result.status,
        "criticality": check.criticality.name.lower(),
        "observedValue": result.observed.value,
        "observedUnit": result.observed.unit,
        "time": result.at.isoformat(timespec="milliseconds") if result.at else None,
        "output": str(result.output),
        "durationMs": result.took_ms,
        "intervalSeconds": check.interval,
    }
    return {name: value for name, value in entry.items() if value not in (None, "")}
