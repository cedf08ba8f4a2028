"""`ReadModel[T]`: an answer made of projected rows, with how fresh it is, remembered for a moment.

    best = ReadModel(name="best_sellers", projection="best_sellers", load=queries.best_sellers, stale=2.0)
    answer = best.get(since=..., until=...)      # answer.value: list[ProductSales], answer.freshness: Freshness

A remembered answer is given again for `stale` seconds without asking the database; after that as long as the
projection's checkpoint has not moved (one row by index). However many ask at once, one of them loads. A cache that
fails is a cache that has nothing: answers stay right, only dearer. The tenant is in every key (KEY_FUNCTION).
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

from django.core.cache import caches

from apps.events.projections.metrics import observe_read
from apps.events.projections.states import checkpoint, live_builds
from rustok.context import current
from rustok.telemetry.logging import log_event

T = TypeVar("T")
KEEP: Final = 300  # seconds that an answer is remembered at all
PATIENCE: Final = 10.0  # seconds to wait for somebody else's load


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to which position of the log everything is in the answer, and the age of the oldest fact that is not.

    `is_built` is False before the projection has begun; `is_exact` is False while refused facts are missing.
    """

    position: int
    lag_seconds: float
    is_built: bool = True
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Fresh(Generic[T]):
    """An answer with its freshness."""

    value: T
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: Fresh[Any]
    checkpoint: tuple[Any, ...] | None
    at: float


@dataclass(slots=True)
class _Flight:
    done: threading.Event = field(default_factory=threading.Event)
    answers: list[Any] = field(default_factory=list)


def freshness_of(projection: str) -> Freshness:
    """How far the live rows are. One statement over what waits."""
    build = live_builds([projection]).get(projection)
    if build is None:
        return Freshness(0, 0.0, is_built=False)
    return Freshness(build.position, round(build.lag_seconds, 1), is_exact=not (build.parked or build.dead))


class ReadModel(Generic[T]):
    """One kind of answer. `load` reads the live rows; `stale` is in seconds; answers must be picklable values."""

    def __init__(
        self, *, name: str, projection: str, load: Callable[..., T], stale: float = 2.0, cache: str = "default"
    ) -> None:
        """Nothing is read before the first `get`."""
        self.name, self.projection, self._load, self._stale, self._cache = name, projection, load, stale, cache
        self._flights: dict[str, _Flight] = {}
        self._lock = threading.Lock()

    def get(self, **parameters: Any) -> Fresh[T]:
        """The answer for these parameters of `load`, in the current scope.

        Costs nothing within `stale`, one statement while nothing has changed, else that, the freshness and the load.
        """
        key = self._key(parameters)
        known = self._recall(key)
        if known is not None and 0 <= time.time() - known.at <= self._stale:
            observe_read(self.name, "fresh")
            return known.answer
        return self._single(key, lambda: self._renew(key, known, parameters))

    def _renew(self, key: str, known: _Remembered | None, parameters: dict[str, Any]) -> Fresh[T]:
        now, mark = time.time(), checkpoint(self.projection)
        freshness = freshness_of(self.projection)
        if known is not None and known.checkpoint == mark:
            observe_read(self.name, "unchanged")
            answer = Fresh(known.answer.value, freshness)
        else:
            observe_read(self.name, "loaded")
            answer = Fresh(self._load(**parameters), freshness)  # read after the mark: at least as new
        self._remember(key, _Remembered(answer, mark, now))
        return answer

    def _single(self, key: str, work: Callable[[], Fresh[T]]) -> Fresh[T]:
        """Do the work, or wait for whoever in this process is doing the same for the same tenant."""
        name = f"{current().schema}:{key}"
        with self._lock:
            flight = self._flights.get(name)
            leads = flight is None
            flight = flight or self._flights.setdefault(name, _Flight())
        if not leads:
            if flight.done.wait(PATIENCE) and flight.answers:
                observe_read(self.name, "shared")
                return cast("Fresh[T]", flight.answers[0])
            return work()  # who led has failed or hangs: find out for ourselves
        try:
            answer = work()
            flight.answers.append(answer)
            return answer
        finally:
            with self._lock:
                del self._flights[name]
            flight.done.set()

    def _key(self, parameters: dict[str, Any]) -> str:
        said = repr(sorted(parameters.items())).encode()
        return f"read_model:{self.name}:{hashlib.sha256(said).hexdigest()[:32]}"

    def _recall(self, key: str) -> _Remembered | None:
        try:
            found = caches[self._cache].get(key)
        except Exception as error:  # noqa: BLE001 - whatever the cache's client raises: it has nothing
            self._tell(error)
            return None
        return found if isinstance(found, _Remembered) else None

    def _remember(self, key: str, answer: _Remembered) -> None:
        try:
            caches[self._cache].set(key, answer, KEEP)
        except Exception as error:  # noqa: BLE001 - as above
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        log_event("read_model.no_cache", level=logging.WARNING, model=self.name, error=type(error).__name__)
