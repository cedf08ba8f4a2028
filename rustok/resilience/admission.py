"""Load shedding: who is let in when more arrives than can be done (R24). Knows nothing of HTTP.

A process does `limit` things at once. The less critical may take only a part of these places, so that the more critical
find one free; whoever finds none waits a moment, the most critical first, and is refused when the moment has passed.
At most `waiting` wait, so that a bounded number of threads is ever stuck and the probes always find one. Of this room
the least critical may fill only a part: a room full of them would be worked off at the cost of all others, long after
a flood was recognised.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rustok.operations import Criticality

SHARE: Final = {Criticality.LOW: 0.5, Criticality.NORMAL: 0.75, Criticality.HIGH: 0.9, Criticality.CRITICAL: 1.0}
"""The part of the places that each criticality may use, together with everything below it."""
ROOM: Final = {Criticality.LOW: 0.25, Criticality.NORMAL: 1.0, Criticality.HIGH: 1.0, Criticality.CRITICAL: 1.0}
"""The part of the waiting room that each may fill, together with everything below it."""
PATIENCE: Final = {Criticality.LOW: 2.0, Criticality.NORMAL: 4.0, Criticality.HIGH: 6.0, Criticality.CRITICAL: 8.0}
"""Seconds that each waits for a place: longer than a burst lasts. A flood is bounded by the room to wait in."""
_SMOOTHING: Final = 0.05
_AT_ONCE, _BREATH_SECONDS = 4, 0.002


@dataclass(slots=True)
class _Waiter:
    criticality: Criticality
    ready: threading.Event = field(default_factory=threading.Event)
    admitted: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What happened since the last look: work offered as a multiple of what is done at once, and the slow end.

    Work counts while it is done, not when it ends: places that hang are busy.
    """

    offered: float
    slowest: float
    admitted: int
    refused: int


class Admission:
    """The places of one process. Thread-safe."""

    def __init__(self, *, limit: int, waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        """All free. `clock` in seconds."""
        self.limit, self._clock = limit, clock
        self._lock = threading.Lock()
        self._busy, self._number = 0, 0
        self._queue: list[tuple[int, int, _Waiter]] = []
        self._most = {level: max(1, round(limit * share)) for level, share in SHARE.items()}
        self._room = {level: round(waiting * share) for level, share in ROOM.items()}
        self._waits = dict.fromkeys(Criticality, 0)
        self._service_seconds = 0.01
        self._looked = self._counted = clock()
        self._begun: dict[int, float] = {}
        self._busy_seconds, self._admitted, self._refused = 0.0, 0, 0
        self._took: list[float] = []

    def enter(self, criticality: Criticality, *, patient: bool = True) -> bool:
        """Take a place, waiting if need be (and if `patient`); False: refused. Call `leave` after True."""
        with self._lock:
            if self._busy < self._most[criticality] and not self._anyone_before(criticality):
                self._begun[threading.get_ident()] = self._take()
                return True
            if not patient or not self._room_for(criticality):
                self._refused += 1
                return False
            waiter = _Waiter(criticality)
            self._number += 1
            heapq.heappush(self._queue, (-criticality, self._number, waiter))
            self._waits[criticality] += 1
        waiter.ready.wait(PATIENCE[criticality])
        with self._lock:
            if waiter.admitted:
                self._begun[threading.get_ident()] = self._clock()
            else:
                self._send_away(waiter)
                self._refused += 1
        return waiter.admitted

    def leave(self, seconds: float) -> None:
        """Give back, in the thread that took it, a place after `seconds` of work; the first waiter gets it."""
        with self._lock:
            self._count()
            self._busy -= 1
            self._begun.pop(threading.get_ident(), None)
            self._service_seconds += _SMOOTHING * (seconds - self._service_seconds)
            if len(self._took) < 10_000:
                self._took.append(seconds)
            self._hand_on()

    def dismiss(self) -> None:
        """Refuse everybody who waits: the places that they wait for hang, and are not given back soon.

        A few at a time: a hundred threads that wake at once would keep a probe waiting for its turn.
        """
        with self._lock:
            waiting = [waiter for _rank, _number, waiter in self._queue]
            self._queue.clear()
            for waiter in waiting:
                self._send_away(waiter)
        for number, waiter in enumerate(waiting, start=1):
            waiter.ready.set()
            if number % _AT_ONCE == 0:
                time.sleep(_BREATH_SECONDS)

    def note_refused(self) -> None:
        """Count a request that was refused by the mode: it is still work that was offered."""
        with self._lock:
            self._refused += 1

    def load(self) -> Load:
        """What happened since the last call of this method."""
        with self._lock:
            now = self._count()
            seconds = max(now - self._looked, 0.001)
            offered = self._busy_seconds + self._refused * self._service_seconds
            took = sorted(self._took)
            seen = Load(
                offered=offered / seconds / self.limit,
                slowest=max(took[int(len(took) * 0.95)] if took else 0.0, self._stuck(now)),
                admitted=self._admitted,
                refused=self._refused,
            )
            self._looked, self._busy_seconds, self._admitted, self._refused, self._took = now, 0.0, 0, 0, []
        return seen

    def _count(self) -> float:
        """Add the time in which so many places were busy; called with the lock held, before their number changes."""
        now = self._clock()
        self._busy_seconds += self._busy * (now - self._counted)
        self._counted = now
        return now

    def _take(self) -> float:
        now = self._count()
        self._busy += 1
        self._admitted += 1
        return now

    def _stuck(self, now: float) -> float:
        """How long the work under way has lasted on average, in seconds, while somebody waits for it to end."""
        self._drop_gone()
        if not self._begun or not (self._queue or self._busy >= self.limit):
            return 0.0
        return now - sum(self._begun.values()) / len(self._begun)

    def _anyone_before(self, criticality: Criticality) -> bool:
        """Whether somebody at least as critical waits already; called with the lock held."""
        self._drop_gone()
        return bool(self._queue) and -self._queue[0][0] >= criticality

    def _room_for(self, criticality: Criticality) -> bool:
        """Whether one more may wait. A full room sends its least critical one away for a more critical one."""
        part = sum(count for level, count in self._waits.items() if level <= criticality)
        if part < self._room[criticality] and sum(self._waits.values()) < self._room[Criticality.CRITICAL]:
            return True
        waiting = [entry for entry in self._queue if not entry[2].gone]
        if not waiting:
            return False
        last = max(waiting)[2]
        if last.criticality >= criticality:
            return False
        self._send_away(last)
        last.ready.set()
        return True

    def _send_away(self, waiter: _Waiter) -> None:
        if not waiter.gone:
            waiter.gone = True
            self._waits[waiter.criticality] -= 1

    def _hand_on(self) -> None:
        self._drop_gone()
        while self._queue and self._busy < self._most[self._queue[0][2].criticality]:
            waiter = heapq.heappop(self._queue)[2]
            waiter.admitted = True
            self._waits[waiter.criticality] -= 1
            self._take()
            waiter.ready.set()
            self._drop_gone()

    def _drop_gone(self) -> None:
        while self._queue and self._queue[0][2].gone:
            heapq.heappop(self._queue)
