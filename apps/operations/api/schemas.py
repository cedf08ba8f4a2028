"""What the endpoints of modes and breakers read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from rustok.api import Body, Out
from rustok.text import NON_BLANK

Seconds = Annotated[int, Field(ge=1, le=604_800, description="For how long; at most a week.")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NON_BLANK)]
Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300, pattern=r"^[!-~]+$"),
    Field(description="`dependency[:tenant[:target]]`, as listed."),
]


class ModeBody(Body):
    """A decision about the whole platform."""

    mode: Literal["full", "degraded", "minimal", "offline"]
    seconds: Seconds
    reason: Reason


class ForceBody(Body):
    """A decision about one breaker: open means that nobody calls the dependency."""

    key: Key
    state: Literal["open", "closed"]
    seconds: Seconds
    reason: Reason


class ResetBody(Body):
    """Which breaker."""

    key: Key


class DecisionOut(Out):
    """What a person has decided."""

    until: datetime
    decided_by: str
    reason: str


class CauseOut(Out):
    """A measurement that asks for less than full service."""

    measurement: str
    asks_for: str


class MeasurementOut(Out):
    """The last value of a measurement in the answering process."""

    measurement: str
    value: float


class ModeOut(Out):
    """The mode and why."""

    mode: str
    decision: DecisionOut | None
    causes: list[CauseOut]
    measurements: list[MeasurementOut]


class BreakerOut(Out):
    """A breaker that is not simply closed."""

    key: str
    state: str
    forced: bool
    until: datetime | None
    reason: str
    decided_by: str


class BreakersOut(Out):
    """All of them; healthy ones are not listed."""

    dependencies: list[str]
    sick: list[BreakerOut]
