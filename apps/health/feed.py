"""What this process measures, pushed into the degradation controller twice a second; reads memory only.

A check that has not answered yet says nothing: a process that has just started is not offline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from apps.health.metrics import LOAD, POOL_LOAD
from apps.health.sampler import Sampler, Status
from rustok.api.admission import admission
from rustok.db import pool
from rustok.db.deadlines import silence
from rustok.repeating import repeat
from rustok.resilience.admission import Admission
from rustok.resilience.degradation import DegradationController, controller

SECONDS: Final = 0.5
CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    "database": ("database",),
    "disk": ("disk",),
    "background": ("broker", "workers", "relay"),
}
"""Which checks stand behind a measurement: it is 1 while one of them fails."""


class Feed:
    """Carries the sampler's results, the pool's and the gate's load to the controller."""

    def __init__(
        self,
        watched: Sampler,
        *,
        modes: DegradationController | None = None,
        places: Admission | None = None,
        pool_load: Callable[[], float] = pool.load,
    ) -> None:
        """Feed the process's controller, or given parts (tests)."""
        self._sampler = watched
        self._modes, self._places, self._pool_load = modes or controller(), places or admission(), pool_load
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a daemon thread. A second call does nothing."""
        if self._thread is None:
            self._thread = repeat(self.tick, every=SECONDS, name="degradation")

    def tick(self) -> None:
        """Measure once."""
        failing = {
            result.check.name
            for result in self._sampler.results()
            if result.status is Status.FAIL and result.at is not None
        }
        load = self._places.load()
        LOAD.set(load.offered)
        POOL_LOAD.set(self._pool_load())
        values = {name: float(bool(failing & set(checks))) for name, checks in CHECKS.items()}
        values["silence"] = float(silence.is_on)
        if silence.is_on:
            self._places.dismiss()
            pool.dismiss()
        self._modes.feed({**values, "load": load.offered, "latency": load.slowest, "pool": self._pool_load()})
