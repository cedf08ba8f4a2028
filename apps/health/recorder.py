"""From what the sampler knows each second to one summary per check and minute, handed to whoever keeps history.

Reads memory only. Minutes that cannot be stored wait, the newest three hours of them: an outage of PostgreSQL is on
record when it is over. A minute in which a check gave no first answer yet is not told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final

from django.db import DatabaseError, InterfaceError, connections

from apps.health.sampler import NOTHING, Result, Status, sampler
from apps.health.services import Episode, Minute, Summary, keep_minutes
from rustok.context import ExecutionContext, system_actor, use
from rustok.errors import DomainError
from rustok.health import Reason
from rustok.telemetry import log_event

POLL_SECONDS: Final = 1.0
KEPT_MINUTES: Final = 180
DEADLINE_SECONDS: Final = 4.0
_ORDER: Final = {Status.PASS: 0, Status.WARN: 1, Status.FAIL: 2}


@dataclass(slots=True)
class _Track:
    """One check in the minute under way, and the state it has been in since when."""

    status: Status
    since: datetime
    reason: Reason
    worst: Status
    bad_from: datetime | None = None
    seen: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))
    times: list[float] = field(default_factory=list)
    value: float | None = None
    answered_at: datetime | None = None


class Recorder:
    """Watches results of one process. `tick` about once a second from one thread; `flush` stores what is complete."""

    def __init__(
        self,
        results: Callable[[], Sequence[Result]],
        *,
        keep: Callable[[Sequence[Minute]], None] = keep_minutes,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing runs yet."""
        self._results, self._keep, self._clock = results, keep, clock
        self._tracks: dict[str, _Track] = {}
        self._minute: datetime | None = None
        self._waiting: deque[Minute] = deque(maxlen=KEPT_MINUTES)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a daemon thread. A second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="health-history", daemon=True)
            self._thread.start()

    @property
    def waiting(self) -> int:
        """Minutes that are complete and not stored."""
        return len(self._waiting)

    def since(self) -> Mapping[str, datetime]:
        """Since when each check has been in its state, as this process saw it."""
        return {name: track.since for name, track in list(self._tracks.items())}

    def tick(self) -> bool:
        """Look once; True when a minute has become complete."""
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        turned = self._minute is not None and minute != self._minute
        if turned:
            self._close()
        self._minute = minute
        for result in self._results():
            self._see(result, now)
        return turned

    def flush(self) -> bool:
        """Store what waits; False when the store is down, and then it goes on waiting."""
        if not self._waiting:
            return True
        minutes = list(self._waiting)
        try:
            with use(ExecutionContext(actor=system_actor("health"), deadline=time.monotonic() + DEADLINE_SECONDS)):
                self._keep(minutes)
        except (DatabaseError, InterfaceError, DomainError) as error:
            log_event("health.history_waits", level=logging.DEBUG, minutes=len(minutes), error=type(error).__name__)
            return False
        for _minute in minutes:
            self._waiting.popleft()
        return True

    def _see(self, result: Result, now: datetime) -> None:
        if result.at is None:
            return
        name = result.check.name
        track = self._tracks.get(name)
        if track is None:
            track = self._tracks[name] = _Track(result.status, now, result.output, result.status)
            track.bad_from = None if result.status is Status.PASS else now
        elif result.status is not track.status:
            _turn(track, result, now)
        track.seen[result.status] += 1
        if result.at != track.answered_at:
            track.answered_at = result.at
            track.times.append(result.took_ms)
            seen = result.observed.value
            if isinstance(seen, int | float):
                track.value = max(float(seen), track.value if track.value is not None else float(seen))

    def _close(self) -> None:
        assert self._minute is not None
        told = {name: _summary(track) for name, track in self._tracks.items() if any(track.seen.values())}
        if told:
            self._waiting.append(Minute(self._minute, told))
        for track in self._tracks.values():
            _begin(track)

    def _run(self) -> None:
        tick = threading.Event()
        while not tick.wait(POLL_SECONDS):
            try:
                if self.tick():
                    self.flush()
            except Exception as error:  # noqa: BLE001 - a thread that dies would end the history of this process
                log_event("health.history_failed", level=logging.ERROR, error=repr(error))
            finally:
                connections.close_all()


def _turn(track: _Track, result: Result, now: datetime) -> None:
    if track.status is Status.PASS:
        track.bad_from = track.bad_from or now
    if _ORDER[result.status] >= _ORDER[track.worst]:
        track.worst, track.reason = result.status, result.output
    track.status, track.since = result.status, now


def _begin(track: _Track) -> None:
    """A new minute: what lasts is carried on, what was counted begins at nothing."""
    track.seen, track.times, track.value = dict.fromkeys(Status, 0), [], None
    track.worst = track.status
    if track.status is Status.PASS:
        track.bad_from, track.reason = None, NOTHING


def _summary(track: _Track) -> Summary:
    episode = None
    if track.bad_from is not None:
        over = track.since if track.status is Status.PASS else None
        episode = Episode(str(track.worst), track.reason, track.bad_from, over)
    return Summary(
        passed=track.seen[Status.PASS],
        warned=track.seen[Status.WARN],
        failed=track.seen[Status.FAIL],
        took_ms=round(sum(track.times) / len(track.times), 2) if track.times else 0.0,
        worst_ms=max(track.times, default=0.0),
        value=track.value,
        since=track.since,
        episode=episode,
    )


@cache
def recorder() -> Recorder:
    """The recorder of this process."""
    return Recorder(sampler().results)
