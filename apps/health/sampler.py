"""Runs every check in a thread of its own and remembers the last result, so that probes only read memory.

Nobody can interrupt a thread that waits for a frozen PostgreSQL (it keeps acknowledging packets, trap 56). So a timeout
is not enforced but noticed: whoever reads sees that the run has lasted too long, and no second run is started.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Final

from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext_lazy as _

from rustok.context import ExecutionContext, system_actor, use
from rustok.errors.families import DatabaseUnavailable
from rustok.health import Check, CheckFailed, Observation, Reason, as_reason, checks
from rustok.telemetry import log_event
from rustok.telemetry.metrics import observe_health, observe_verdict

NOTHING: Final = Reason()
AGAIN_SECONDS: Final = 5.0


class Status(StrEnum):
    """The words of application/health+json."""

    PASS = "pass"  # noqa: S105 - the verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one check. `output` explains anything but a pass."""

    check: Check
    status: Status
    observed: Observation = field(default_factory=Observation)
    output: Reason = NOTHING
    took_ms: float = 0.0
    at: datetime | None = None


@dataclass(slots=True)
class _Track:
    """One check's life in this process. Fields are replaced whole, so readers need no lock."""

    result: Result
    running_since: float | None = None
    finished: float | None = None
    told: Status | None = None


class Sampler:
    """The checks of one process. `start` once; `results` any time, from any thread."""

    def __init__(self, watched: Iterable[Check], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Watch these checks. The clock is in seconds and never goes back."""
        self._clock = clock
        self._stopped = threading.Event()
        self._tracks = {
            check.name: _Track(Result(check, Status.FAIL, output=Reason(_("not checked yet")))) for check in watched
        }
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin sampling in daemon threads. A second call does nothing."""
        if self._threads:
            return
        for name, track in self._tracks.items():
            thread = threading.Thread(target=self._watch, args=(track,), name=f"health-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Begin no further run; running ones end by themselves."""
        self._stopped.set()

    def results(self) -> tuple[Result, ...]:
        """What is known now, by name. Takes microseconds and touches nothing but memory."""
        now = self._clock()
        return tuple(self._told(track, self._judged(track, now)) for track in self._tracks.values())

    def sample(self, name: str) -> Result:
        """Run one check here and now and remember its result."""
        track = self._tracks[name]
        self._run(track)
        return track.result

    def _watch(self, track: _Track) -> None:
        while not self._stopped.is_set():
            self._run(track)
            self._stopped.wait(pause_after(track.result))

    def _run(self, track: _Track) -> None:
        before, check = track.result.status, track.result.check
        track.running_since = started = self._clock()
        result = _outcome(check)
        ended = self._clock()
        track.result = replace(result, took_ms=round((ended - started) * 1000, 2), at=datetime.now(UTC))
        track.finished, track.running_since = ended, None
        seen, seconds = result.observed.value, round(ended - started, 4)
        observe_health(check=check.name, status=result.status, value=seen, seconds=seconds)
        track.told = result.status
        if result.status is not before:
            level = logging.INFO if result.status is Status.PASS else logging.WARNING
            log_event("health.changed", level=level, check=check.name, status=result.status, output=str(result.output))

    @staticmethod
    def _told(track: _Track, judged: Result) -> Result:
        """Tell the metric what readers are told: a run that hangs ends never, or too late to say so itself."""
        first = track.told is None and judged is track.result  # it has not been asked for long enough to say anything
        if track.told is not judged.status and not first:
            observe_verdict(check=judged.check.name, status=judged.status)
            track.told = judged.status
        return judged

    @staticmethod
    def _judged(track: _Track, now: float) -> Result:
        check, since, finished = track.result.check, track.running_since, track.finished
        if since is not None and now - since > check.timeout:
            return replace(
                track.result,
                status=Status.FAIL,
                output=Reason(_("no answer within {seconds} s"), seconds=f"{check.timeout:g}"),
            )
        if finished is not None and now - finished > check.interval + 2 * check.timeout + 1:
            return replace(track.result, status=Status.FAIL, output=Reason(_("the last result is too old")))
        return track.result


def pause_after(result: Result) -> float:
    """Seconds until the next run. What fails is asked again soon: an outage must not outlive itself by an interval."""
    interval = result.check.interval
    return min(interval, AGAIN_SECONDS) if result.status is Status.FAIL else interval


def _outcome(check: Check) -> Result:
    try:
        with use(ExecutionContext(actor=system_actor("health"))):
            seen = check.run()
    except CheckFailed as failure:
        return Result(check, Status.FAIL, failure.observed, output=failure.reason)
    except (
        OperationalError,
        InterfaceError,
        DatabaseUnavailable,
    ):  # a check of its own tells more
        return Result(check, Status.FAIL, output=Reason(_("PostgreSQL does not answer")))
    except Exception as error:  # noqa: BLE001 - a check may fail in any way; its text may hold secrets, so it is logged only
        log_event("health.check_broken", level=logging.WARNING, check=check.name, error=repr(error))
        return Result(check, Status.FAIL, output=Reason(_("unknown error")))
    finally:
        connections.close_all()
    return Result(check, Status.WARN if seen.warning else Status.PASS, seen, output=as_reason(seen.warning))


@cache
def sampler() -> Sampler:
    """The sampler of this process, over every registered check."""
    return Sampler(checks())
