"""What the endpoints of the health history read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from rustok.api import Out, Query

CheckName = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9_-]+$")]
State = Literal["pass", "warn", "fail"]


class HistoryQuery(Query):
    """How far back, and one check if wanted."""

    period: Annotated[
        Literal["hour", "day", "month"],
        Field(description="The last hour by the minute, 24 hours by the quarter, 30 days by six hours."),
    ] = "hour"
    check: CheckName | None = None


class PointOut(Out):
    """One stretch: how long the check was in each state, and how long its answers took, on average and at worst."""

    at: datetime
    status: State
    passed_seconds: int
    warned_seconds: int
    failed_seconds: int
    took_ms: float
    worst_ms: float
    value: float | None


class CheckHistoryOut(Out):
    """A check; stretches that nobody watched are missing."""

    check: str
    points: list[PointOut]


class IncidentOut(Out):
    """A stretch in which a check did not simply pass; without an end it lasts."""

    check: str
    status: State
    reason: str
    began_at: datetime
    ended_at: datetime | None


class HistoryOut(Out):
    """Points by check, and the newest 200 incidents."""

    step_seconds: int
    checks: list[CheckHistoryOut]
    incidents: list[IncidentOut]


class PartOut(Out):
    """A check, the service mode (`mode`) or a breaker (`breaker-…`)."""

    name: str
    status: State
    critical: bool
    reason: str


class SurfaceOut(Out):
    """What people and programs notice, and what it stands on."""

    surface: str
    status: State
    depends_on: list[PartOut]


class GraphOut(Out):
    """All surfaces."""

    surfaces: list[SurfaceOut]
