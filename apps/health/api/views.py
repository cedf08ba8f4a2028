"""`/api/v1/health/history/` and `/api/v1/health/graph/` on the platform host."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.health.api.schemas import GraphOut, HistoryOut, HistoryQuery
from apps.health.graph import Part
from apps.health.queries import Period, current_results
from apps.health.wall import graph_now, history_facts
from rustok.api import Call, Endpoint, operation
from rustok.operations import Criticality


class HealthHistory(Endpoint):
    """What checks saw."""

    @operation(
        "health.history",
        permission="health:read",
        criticality=Criticality.NORMAL,
        query=HistoryQuery,
        answer=HistoryOut,
        summary=_("Retrieve the history of health"),
    )
    def get(self, call: Call[None, HistoryQuery]) -> dict[str, Any]:
        """Two statements; the answer is bounded by the number of checks times 120 points."""
        given = call.query
        return history_facts(Period[given.period.upper()], now=timezone.now(), check=given.check or "")


class HealthGraph(Endpoint):
    """What depends on what."""

    @operation(
        "health.graph",
        permission="health:read",
        criticality=Criticality.HIGH,
        answer=GraphOut,
        summary=_("Retrieve the dependency graph"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """As the answering process sees it, with the breakers of all processes."""
        found = graph_now(current_results())
        return {
            "surfaces": [
                {"surface": top.surface.value, "status": top.status.value, "depends_on": [_out(p) for p in top.parts]}
                for top in found.tops
            ]
        }


def _out(part: Part) -> dict[str, Any]:
    return {"name": part.name, "status": part.status.value, "critical": part.critical, "reason": str(part.told)}
