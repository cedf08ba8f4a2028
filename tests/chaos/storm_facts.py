"""What the storm blows about: one event class, and the names of its tenants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rustok.events import DomainEvent

TYPES = "rig.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class StormBlew(DomainEvent):
    """One gust. `token` is unique in the run, so that ledger, log and receiver speak of the same thing."""

    type: ClassVar[str] = "rig.storm_blew"
    aggregate: ClassVar[str] = "storm"
    key: ClassVar[str] = "storm"

    storm: str
    token: str
