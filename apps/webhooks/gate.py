"""Who may be served at once by this process: a receiver that does not answer must not hold the threads of the others.

A second turn of an endpoint that has answered before is let in while the first one gets answers, never a third; of all
endpoints that did not answer, one at a time is tried. So a receiver that begins to hang costs two relays of the process
once and one from then on, and the others go on.

Here is remembered, too, how many posts at once each receiver bears: half as many after it said that it is overloaded,
one more after every turn without such an answer.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Final
from uuid import UUID

from apps.events.transports import DestinationBusy
from apps.webhooks.fleet import WIDTH

TURNS: Final = 2  # of one endpoint at once; a process has three relays
SILENCE: Final = 0.1  # seconds without an answer after which no second turn is let in
AGAIN: Final = 0.25  # seconds until one who was turned away from a silent receiver comes back
REMEMBERED: Final = 10_000  # receivers
SOON: Final = 0.02  # the same, when it is only crowded


class Pass:
    """The right to one turn, with at most `width` posts at once. `suspect`: nobody answered in the turn before."""

    def __init__(self, gate: Gate, endpoint: UUID, *, suspect: bool, width: int, now: float) -> None:
        """Made by the gate."""
        self.endpoint, self.suspect, self.width = endpoint, suspect, width
        self.was_asked = self.was_answered = self.was_overloaded = False
        self.last_heard = now
        self._gate = gate

    def asked(self, *, overloaded: bool = False) -> None:
        """Something was posted; `overloaded` when the receiver said that this was too much."""
        self.was_asked, self.was_overloaded = True, self.was_overloaded or overloaded

    def heard(self) -> None:
        """The receiver has answered, whatever it said."""
        self.last_heard = self._gate.clock()
        self.suspect, self.was_answered = False, True

    def leave(self) -> None:
        """The turn is over."""
        self._gate.leave(self)


class Gate:
    """Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody is inside."""
        self.clock = clock
        self._inside: list[Pass] = []
        self._widths: OrderedDict[UUID, int] = OrderedDict()  # of receivers that bear less than WIDTH; 0: silent ones
        self._answered: OrderedDict[UUID, None] = OrderedDict()  # those that have answered this process before
        self._lock = Lock()

    def enter(self, endpoint: UUID) -> Pass:
        """Raises DestinationBusy."""
        now = self.clock()
        with self._lock:
            known = self._widths.get(endpoint, WIDTH)
            own = [other for other in self._inside if other.endpoint == endpoint]
            silent = any(other.suspect or now - other.last_heard >= SILENCE for other in own)
            if silent or (not known and any(other.suspect for other in self._inside)):
                raise DestinationBusy(AGAIN)
            if len(own) >= (TURNS if endpoint in self._answered else 1):
                raise DestinationBusy(SOON)
            made = Pass(self, endpoint, suspect=not known, width=max(1, known), now=now)
            self._inside.append(made)
            return made

    def leave(self, gone: Pass) -> None:
        """Idempotent."""
        with self._lock:
            if gone in self._inside:
                self._inside.remove(gone)
                self._learn(gone)

    def _learn(self, gone: Pass) -> None:
        known = self._widths.get(gone.endpoint, WIDTH)
        if gone.was_answered:
            _remember(self._answered, gone.endpoint, None)
        if gone.was_overloaded:
            known = max(1, min(gone.width, known) // 2)
        elif gone.was_answered:
            known += 1
        elif gone.was_asked:
            known = 0
        self._widths.pop(gone.endpoint, None)
        if known < WIDTH:
            _remember(self._widths, gone.endpoint, known)


def _remember(memory: OrderedDict[UUID, Any], endpoint: UUID, fact: Any) -> None:
    memory[endpoint] = fact
    memory.move_to_end(endpoint)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


_gate: Final = Gate()


def enter(endpoint: UUID) -> Pass:
    """Enter this process's gate; raises DestinationBusy."""
    return _gate.enter(endpoint)
