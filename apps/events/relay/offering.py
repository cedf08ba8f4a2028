"""Offers a batch to a transport, chunk by chunk, and judges the answers: this key, or the whole destination?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from apps.events.records import StoredEvent
from apps.events.relay import policy, stopping
from apps.events.relay.tracing import observed
from apps.events.transports import Delivered, NotOffered, Outcome, Refused, Transport
from rustok.telemetry.logging import log_event

Answer: TypeAlias = "tuple[StoredEvent, Outcome]"


@dataclass(slots=True)
class Verdict:
    """What became of a batch. `reached` is the position up to which everything is settled.

    `full`: an event was refused for its own sake and no further stream may be set aside, so the cursor stopped there.
    """

    reached: int
    delivered: int = 0
    parked: list[tuple[StoredEvent, str]] = field(default_factory=list)
    dead: list[tuple[StoredEvent, str]] = field(default_factory=list)
    failures: int = 0
    pauses: int = 0
    pause: float | None = None
    full: bool = False


class Offer:
    """Offers events in order until the turn's time is up, leaving out every later event of a refused stream.

    Before each chunk it calls `alive`: the holder's heartbeat, which raises LeaseLost when somebody else took over.

    Go through `chunks`, or the answers one by one, once; then `complete` says whether every event had its chance.
    """

    def __init__(
        self, transport: Transport, events: Sequence[StoredEvent], *, timeout: float, alive: Callable[[], None]
    ) -> None:
        """`timeout` is what one chunk may take, in seconds."""
        self.complete = False
        self._transport = transport
        self._events = events
        self._timeout = timeout
        self._alive = alive

    def __iter__(self) -> Iterator[Answer]:
        """All answers, one by one."""
        for answers in self.chunks():
            yield from answers

    def chunks(self) -> Iterator[list[Answer]]:
        """The answers, as many at once as were out at once."""
        until = time.monotonic() + policy.TURN
        blocked: set[str] = set()
        size = self._transport.chunk
        for start in range(0, len(self._events), size):
            if time.monotonic() >= until or (start and stopping.requested()):
                return
            self._alive()
            chunk = [event for event in self._events[start : start + size] if event.stream not in blocked]
            outcomes = _publish(self._transport, chunk, self._timeout)
            answers = _answers(chunk, outcomes, blocked)
            yield answers
            if any(isinstance(outcome, NotOffered) for outcome in outcomes):
                return
        self.complete = True


def _answers(chunk: Sequence[StoredEvent], outcomes: Sequence[Outcome | NotOffered], blocked: set[str]) -> list[Answer]:
    """What counts: up to the first event that was not offered, and of each stream up to its first refusal."""
    answers: list[Answer] = []
    for event, outcome in zip(chunk, outcomes, strict=True):
        if isinstance(outcome, NotOffered):
            break
        if event.stream not in blocked:
            answers.append((event, outcome))
            if isinstance(outcome, Refused):
                blocked.add(event.stream)
    return answers


def _publish(transport: Transport, chunk: Sequence[StoredEvent], timeout: float) -> Sequence[Outcome | NotOffered]:
    """A transport that raises has refused its chunk: one undecodable event must not strand the batch (trap 9)."""
    if not chunk:
        return ()
    try:
        outcomes = observed(transport, chunk, lambda: transport.publish(chunk, timeout=timeout))
    except Exception as error:  # noqa: BLE001 - a defect of a transport parks what it was given, not the relay
        log_event("relay.transport_failed", level=logging.ERROR, error=type(error).__name__, event_id=str(chunk[0].id))
        return [Refused(reason=f"{type(error).__name__}: {error}"[:500])] * len(chunk)
    missing = len(chunk) - len(outcomes)
    return [*outcomes, *[Refused(reason="the transport gave no answer")] * missing] if missing else outcomes


class Judge:
    """Collects answers to fresh events into a verdict, chunk by chunk: what was out at once is judged as one.

    Refusals in a row, of different streams and without a success since, raise the suspicion against the destination;
    once it is blamed, the cursor goes back to the first of them and nothing is parked for it (trap 59). When as many
    keys as a partition may have are set aside already, the cursor stops at the next one, and those behind it are asked
    until one is taken: then the destination lives, and the parked keys go on using up their attempts, so that there
    will be room again. What was taken beyond the cursor is offered again (at least once).
    """

    def __init__(self, *, cursor: int, failures: int, pauses: int, parked: int) -> None:
        """Start where the last turn ended."""
        self.verdict = Verdict(reached=cursor, failures=failures, pauses=pauses)
        self._limit = policy.suspicion(pauses)
        self._room = policy.MAX_PARKED - parked
        self._suspects: list[tuple[StoredEvent, str]] = []

    def hear(self, answers: Sequence[Answer]) -> bool:
        """Take the answers of a chunk; False when there is no point in offering more."""
        if answers and not self.verdict.full and all(isinstance(outcome, Delivered) for _event, outcome in answers):
            return self._take(len(answers), answers[-1][0])
        for event, outcome in answers:
            if not self._hear(event, outcome):
                return False
        return self.verdict.failures < self._limit or self._blame_destination()

    def close(self, *, looked_at: int | None) -> Verdict:
        """The verdict. `looked_at` is the last position looked through, None when the turn ended before that."""
        verdict = self.verdict
        if verdict.pause is None:
            self._clear_suspects()
            if looked_at is not None and not verdict.full:
                verdict.reached = max(verdict.reached, looked_at)
        return verdict

    def _hear(self, event: StoredEvent, outcome: Outcome) -> bool:
        verdict = self.verdict
        if isinstance(outcome, Delivered):
            return self._take(1, event)
        if outcome.destination or (outcome.hung and self._is_full):
            self._stop_before(event)
            return self._blame_destination(outcome.retry_after)
        elif self._is_full:
            self._stop_before(event)
            verdict.full = True
            verdict.failures += not outcome.permanent
        elif outcome.permanent:
            verdict.dead.append((event, outcome.reason))
        else:
            self._suspects.append((event, outcome.reason))
            verdict.failures += 1
            if outcome.hung and verdict.failures < self._limit:
                return self._park_and_pause(event)
        if not verdict.full:
            verdict.reached = event.position
        return True

    def _take(self, count: int, last: StoredEvent) -> bool:
        """Something was taken, so the destination lives and whoever was refused before was refused for its own sake."""
        verdict = self.verdict
        self._clear_suspects()
        verdict.failures = verdict.pauses = 0
        if verdict.full:
            return False
        verdict.delivered += count
        verdict.reached = last.position
        return True

    @property
    def _is_full(self) -> bool:
        """Whether no further stream may be set aside; behind a dead event its stream waits for a turn as well."""
        return len(self.verdict.parked) + len(self.verdict.dead) + len(self._suspects) >= self._room

    def _clear_suspects(self) -> None:
        self.verdict.parked += self._suspects
        self._suspects = []

    def _stop_before(self, event: StoredEvent) -> None:
        if not self.verdict.full:
            self.verdict.reached = event.position - 1

    def _park_and_pause(self, event: StoredEvent) -> bool:
        """After a hang: another try at once could cost as much again, so wait, and then ask a different key."""
        self._clear_suspects()
        verdict = self.verdict
        verdict.reached = event.position
        verdict.pause = policy.destination_backoff(verdict.pauses)
        verdict.pauses += 1
        return False

    def _blame_destination(self, wish: float | None = None) -> bool:
        """Wait for it, `wish` seconds if it named some; the cursor goes back to the first of those under suspicion."""
        verdict = self.verdict
        if self._suspects:
            verdict.reached = self._suspects[0][0].position - 1
            self._suspects = []
        verdict.failures, verdict.full = 0, False
        verdict.pauses += 1
        verdict.pause = policy.destination_backoff(verdict.pauses - 1, wish)
        return False
