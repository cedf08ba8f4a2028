"""Who may be served at once by this process: a receiver that does not answer must not hold the threads of the others.

A second turn of an endpoint is let in while the first one gets answers (or has only just begun), never a third; of all
endpoints that are failing, one at a time is tried. So a receiver that begins to hang costs two relays of the process
once and one from then on, and the others go on.

Here is remembered, too, how many posts at once each receiver bears: half as many after it said that it is overloaded,
one more after every turn without such an answer.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final
from uuid import UUID

from apps.events.transports import DestinationBusy
from apps.webhooks.fleet import WIDTH
from apps.webhooks.models import WebhookEndpoint

TURNS: Final = 2  # of one endpoint at once; a process has three relays
SILENCE: Final = 0.1  # seconds without an answer after which no second turn is let in
AGAIN: Final = 0.25  # seconds until one who was turned away from a silent receiver comes back
REMEMBERED: Final = 10_000  # receivers
SOON: Final = 0.02  # the same, when it is only crowded


class Pass:
    """The right to one turn, with at most `width` posts at once."""

    def __init__(self, gate: Gate, endpoint: UUID, *, suspect: bool, width: int, now: float) -> None:
        """Made by the gate."""
        self.endpoint, self.suspect, self.width = endpoint, suspect, width
        self.was_overloaded = self.was_answered = False
        self.last_heard = now
        self._gate = gate

    def heard(self) -> None:
        """The receiver has answered."""
        self.last_heard = self._gate.clock()
        self.suspect, self.was_answered = False, True

    def overloaded(self) -> None:
        """The receiver has said that this was too much."""
        self.was_overloaded = True

    def leave(self) -> None:
        """The turn is over."""
        self._gate.leave(self)


class Gate:
    """Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody is inside."""
        self.clock = clock
        self._inside: list[Pass] = []
        self._widths: OrderedDict[UUID, int] = OrderedDict()  # of receivers that bear less than WIDTH
        self._lock = Lock()

    def enter(self, endpoint: UUID, *, suspect: bool) -> Pass:
        """Raises DestinationBusy. `suspect`: its last post was refused or not answered."""
        now = self.clock()
        with self._lock:
            own = [other for other in self._inside if other.endpoint == endpoint]
            silent = any(other.suspect or now - other.last_heard >= SILENCE for other in own)
            if silent or (suspect and any(other.suspect for other in self._inside)):
                raise DestinationBusy(AGAIN)
            if len(own) >= TURNS:
                raise DestinationBusy(SOON)
            width = 1 if suspect else self._widths.get(endpoint, WIDTH)
            made = Pass(self, endpoint, suspect=suspect, width=width, now=now)
            self._inside.append(made)
            return made

    def leave(self, gone: Pass) -> None:
        """Idempotent."""
        with self._lock:
            if gone in self._inside:
                self._inside.remove(gone)
                self._learn(gone)

    def _learn(self, gone: Pass) -> None:
        if gone.was_overloaded:
            self._widths[gone.endpoint] = max(1, min(gone.width, self._widths.get(gone.endpoint, WIDTH)) // 2)
            self._widths.move_to_end(gone.endpoint)
            if len(self._widths) > REMEMBERED:
                self._widths.popitem(last=False)
        elif gone.endpoint in self._widths and gone.was_answered:
            wider = self._widths.pop(gone.endpoint) + 1
            if wider < WIDTH:
                self._widths[gone.endpoint] = wider


_gate: Final = Gate()


def enter(endpoint: WebhookEndpoint) -> Pass:
    """Enter this process's gate; raises DestinationBusy."""
    return _gate.enter(endpoint.pk, suspect=endpoint.failing_since is not None)
