"""Service modes: what the platform still does when it cannot do everything (R24).

| mode | reads | writes |
|---|---|---|
| full | all | all |
| degraded | all but low criticality | all but low criticality |
| minimal | all but low criticality | none |
| offline | critical ones (the probes) | none |

Measurements are *pushed* into the controller; each has thresholds with hysteresis: a mode is entered after its level
has been reached for a while and left only after a lower one has been kept for longer. The worst measurement decides,
unless a person has set a mode, which ends by itself. `permits` costs a dictionary look-up and reads memory only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

from prometheus_client import Gauge

from rustok.errors import DomainError
from rustok.errors.families import DatabaseUnavailable
from rustok.errors.resilience import Overloaded, ServiceDegraded
from rustok.operations import Criticality, Operation
from rustok.telemetry import log_event
from rustok.telemetry.metrics import REGISTRY

RETRY_SECONDS: Final = 5.0
MODE: Final = Gauge(
    "rustok_service_mode",
    "0 full, 1 degraded, 2 minimal, 3 offline; the worst of the processes.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)


class Mode(IntEnum):
    """How much is still done; higher is less."""

    FULL = 0
    DEGRADED = 1
    MINIMAL = 2
    OFFLINE = 3

    @property
    def word(self) -> str:
        """The name as people and interfaces write it."""
        return self.name.lower()


STEERING: Final = frozenset({"degradation:read", "degradation:update", "breaker:read", "breaker:update"})
"""Permissions whose operations are always let through: who can lift a mode must not be locked out by it."""


def permits(mode: Mode, criticality: Criticality, *, writes: bool) -> bool:
    """The truth table."""
    if mode is Mode.FULL:
        return True
    if mode is Mode.OFFLINE:
        return criticality is Criticality.CRITICAL and not writes
    return criticality > Criticality.LOW and not (writes and mode is Mode.MINIMAL)


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a measurement asks for a mode: at `enter` or more for `rise` seconds, until below `leave` for `fall`."""

    mode: Mode
    enter: float
    leave: float
    rise: float = 3.0
    fall: float = 10.0

    def __post_init__(self) -> None:
        """Hysteresis needs a gap."""
        if not self.leave < self.enter:
            raise ValueError("a mode is left below the level at which it is entered")


MEASUREMENTS: Final[Mapping[str, tuple[Threshold, ...]]] = {
    # 1 is failing. A frozen database fails every request anyway: refusing at once keeps the threads free.
    "database": (Threshold(Mode.OFFLINE, 1, 0.5, rise=8, fall=1),),
    # 1 is a server that has stopped (it takes questions and answers none): nothing is to be waited for.
    "silence": (Threshold(Mode.OFFLINE, 1, 0.5, rise=0, fall=1),),
    # PostgreSQL stops for good when its disk is full; reads cost no space.
    "disk": (Threshold(Mode.MINIMAL, 1, 0.5, rise=5, fall=60),),
    # Broker, workers or relay: nothing is lost, but what can wait should not add to the backlog.
    "background": (Threshold(Mode.DEGRADED, 1, 0.5, rise=60, fall=15),),
    # Work offered to this process as a multiple of what it does at once.
    "load": (Threshold(Mode.DEGRADED, 1.5, 0.7, rise=1, fall=10),),
    # Connections taken and asked for, as a share of the pool.
    "pool": (Threshold(Mode.DEGRADED, 1.25, 0.8, rise=2, fall=10),),
    # Seconds that the slowest twentieth of the requests took.
    "latency": (Threshold(Mode.DEGRADED, 5.0, 1.0, rise=5, fall=15),),
}


class Level:
    """One measurement with its thresholds. Not thread-safe; the controller locks."""

    def __init__(self, thresholds: tuple[Threshold, ...]) -> None:
        """Start at FULL."""
        self._thresholds = thresholds
        self._active = [False] * len(thresholds)
        self._since: list[float | None] = [None] * len(thresholds)
        self.value = 0.0

    def feed(self, value: float, now: float) -> Mode:
        """Take a value; returns the mode that this measurement asks for now."""
        self.value = value
        for place, threshold in enumerate(self._thresholds):
            self._step(place, threshold, value, now)
        return self.mode

    @property
    def mode(self) -> Mode:
        """The worst mode whose threshold is active."""
        asked = (item.mode for item, active in zip(self._thresholds, self._active, strict=True) if active)
        return max(asked, default=Mode.FULL)

    def _step(self, place: int, threshold: Threshold, value: float, now: float) -> None:
        active = self._active[place]
        turning = value < threshold.leave if active else value >= threshold.enter
        if not turning:
            self._since[place] = None
            return
        since = self._since[place]
        if since is None:
            since = self._since[place] = now
        if now - since >= (threshold.fall if active else threshold.rise):
            self._active[place], self._since[place] = not active, None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeOverride:
    """A person's choice. `until` is wall time in seconds; `by` an actor's reference."""

    mode: Mode
    until: float
    by: str = ""
    reason: str = ""


class DegradationController:
    """The mode of this process. Thread-safe; `mode` and `permits` read one attribute."""

    def __init__(
        self,
        measurements: Mapping[str, tuple[Threshold, ...]] = MEASUREMENTS,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Start at FULL. `clock` is monotonic, `wall` the calendar's; both in seconds."""
        self._levels = {name: Level(thresholds) for name, thresholds in measurements.items()}
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._override: ModeOverride | None = None
        self._mode = Mode.FULL

    @property
    def mode(self) -> Mode:
        """The mode now."""
        return self._mode

    @property
    def override(self) -> ModeOverride | None:
        """The person's choice that holds now, or None."""
        chosen = self._override
        return chosen if chosen is not None and self._wall() < chosen.until else None

    def causes(self) -> dict[str, Mode]:
        """The measurements that ask for less than FULL."""
        with self._lock:
            return {name: level.mode for name, level in self._levels.items() if level.mode is not Mode.FULL}

    def values(self) -> dict[str, float]:
        """The last value of each measurement."""
        with self._lock:
            return {name: level.value for name, level in self._levels.items()}

    @property
    def without_database(self) -> bool:
        """Whether the database failed when it was last looked at; reads memory only."""
        database = self._levels.get("database")
        return database is not None and database.value >= 1

    def overload(self) -> DomainError:
        """The error for a request that found no place: without its database, that is why the places are taken."""
        return (DatabaseUnavailable if self.without_database else Overloaded)(retry_after=1.0)

    def feed(self, values: Mapping[str, float]) -> Mode:
        """Take measurements (a part of them is fine; unknown names are a programming error) and judge anew."""
        now = self._clock()
        with self._lock:
            for name, value in values.items():
                self._levels[name].feed(value, now)
        return self._judge()

    def set_override(self, override: ModeOverride | None) -> Mode:
        """Follow a person's choice, or nobody's."""
        self._override = override
        return self._judge()

    def permits(self, operation: Operation) -> bool:
        """Whether the operation is done in this mode."""
        if self._mode is Mode.FULL or operation.permission in STEERING:
            return True
        return permits(self._mode, operation.criticality, writes=operation.writes)

    def require(self, operation: Operation) -> None:
        """Raise ServiceDegraded (or DatabaseUnavailable, when that is why) unless the operation is permitted."""
        if not self.permits(operation):
            raise self.refusal()

    def refusal(self) -> DomainError:
        """The error that says why something is not done now, with `Retry-After`."""
        chosen = self.override
        if chosen is None and self._mode is Mode.OFFLINE and {"database", "silence"} & self.causes().keys():
            return DatabaseUnavailable(retry_after=RETRY_SECONDS)
        left = max(1.0, chosen.until - self._wall()) if chosen is not None else RETRY_SECONDS
        return ServiceDegraded(mode=self._mode.word, retry_after=min(left, 300.0))

    def _judge(self) -> Mode:
        with self._lock:
            chosen = self.override
            measured = max((level.mode for level in self._levels.values()), default=Mode.FULL)
            before, self._mode = self._mode, chosen.mode if chosen is not None else measured
        MODE.set(self._mode)
        if before is not self._mode:
            level = logging.WARNING if self._mode > before else logging.INFO
            causes = sorted(self.causes())
            by = chosen.by if chosen is not None else None
            log_event("mode.changed", level=level, before=before.word, after=self._mode.word, causes=causes, by=by)
        return self._mode


@cache
def controller() -> DegradationController:
    """The controller of this process."""
    return DegradationController()
