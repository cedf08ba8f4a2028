"""The health wall: every check with its state now, since when, and its past; the incidents; the graph.

Three statements and one round trip to the breakers' store, whatever the number of checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from apps.health.graph import Graph, graph
from apps.health.models import Incident
from apps.health.pictures import network, strip, told
from apps.health.queries import Period, Result, current_results, history, incidents
from apps.health.recorder import recorder
from apps.health.sampler import Status
from apps.operations.queries import dependencies, mode_now, sick_breakers


@dataclass(frozen=True, slots=True)
class Tile:
    """One check on the wall."""

    result: Result
    since: datetime | None
    picture: SafeString
    told: str

    @property
    def value(self) -> str:
        """What it saw last, with its unit."""
        seen = self.result.observed.value
        return "" if seen is None else f"{seen} {self.result.observed.unit}".strip()


@dataclass(frozen=True, slots=True)
class Wall:
    """Everything that the page shows."""

    tiles: Sequence[Tile]
    graph: Graph
    picture: SafeString


def wall(period: Period, *, now: datetime) -> Wall:
    """The wall as this process sees it, with the installation's history. Needs the platform scope."""
    results, seen, slots = current_results(), history(period, now=now), period.slots(now)
    begun = _began(now - period.length)
    own = recorder().since()
    tiles = [
        Tile(
            result,
            begun.get(result.check.name) if result.status is not Status.PASS else own.get(result.check.name),
            strip(slots, seen.get(result.check.name, {}), label=result.check.name),
            told(seen.get(result.check.name, {})),
        )
        for result in sorted(results, key=_rank)
    ]
    now_graph = graph_now(results)
    return Wall(tiles, now_graph, network(now_graph))


def graph_now(results: Sequence[Result]) -> Graph:
    """The dependency graph with the mode of this process and the breakers of all; one round trip to their store."""
    return graph(results, mode_now(), [(sick.key, sick.state) for sick in sick_breakers()], dependencies())


def history_facts(period: Period, *, now: datetime, check: str = "") -> dict[str, Any]:
    """History as data: points and incidents of all checks, or of one."""
    seen = history(period, now=now)
    told_ = incidents(since=now - period.length)
    if check:
        told_ = told_.filter(check_name=check)
    return {
        "step_seconds": int(period.step.total_seconds()),
        "checks": [
            {"check": name, "points": [_point_facts(points[at]) for at in sorted(points)]}
            for name, points in sorted(seen.items())
            if not check or name == check
        ],
        "incidents": [_incident_facts(incident) for incident in told_[:200]],
    }


def _began(since: datetime) -> dict[str, datetime]:
    """Since when checks have not been well, from what is recorded."""
    return {row.check_name: row.began_at for row in incidents(since=since).filter(ended_at=None)}


def _rank(result: Result) -> tuple[int, int, str]:
    order = {Status.FAIL: 0, Status.WARN: 1, Status.PASS: 2}
    return order[result.status], -int(result.check.criticality), result.check.name


def _point_facts(point: Any) -> dict[str, Any]:
    return {
        "at": point.at,
        "status": point.status.value,
        "passed_seconds": point.passed,
        "warned_seconds": point.warned,
        "failed_seconds": point.failed,
        "took_ms": point.took_ms,
        "worst_ms": point.worst_ms,
        "value": point.value,
    }


def _incident_facts(incident: Incident) -> dict[str, Any]:
    return {
        "check": incident.check_name,
        "status": incident.status,
        "reason": incident.explanation,
        "began_at": incident.began_at,
        "ended_at": incident.ended_at,
    }
