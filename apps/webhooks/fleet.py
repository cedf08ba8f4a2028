"""Many exchanges at once from one thread: as many connections as the receiver proves to bear, none waited for alone.

Work of one key goes one after the other, in order; different keys go side by side. The fleet begins small and grows by
one with every answer, so a receiver that never answers holds two connections, not all of them. It never runs far ahead
of the first job that is not over: what a turn cannot finish is repeated from there.
"""

from __future__ import annotations

import heapq
import select
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from apps.webhooks.connections import Connection

WIDTH: Final = 8  # exchanges with one receiver at once, in one turn
START: Final = 2
AHEAD: Final = 4 * WIDTH  # jobs beyond the first one that is not over: what a refusal by the destination would repeat
SILENCE: Final = 0.1  # seconds; when the first job takes longer, it hangs, and will not be refused: go on beyond it
FAR: Final = 16 * WIDTH  # jobs beyond one that hangs

Start = Callable[[int], Connection]  # begins the exchange of a job
Judge = Callable[[int, Connection], bool]  # hears the end of one; whether its key goes on


class Fleet:
    """Runs jobs 0 to n-1, each with a key."""

    def __init__(self, keys: Sequence[Hashable], *, start: Start, judge: Judge, width: int = WIDTH) -> None:
        """`start` and `judge` never raise; `width` 1 keeps the order over all keys."""
        self._start, self._judge = start, judge
        self._limit, self._width = width, min(START, width)
        self._queues: dict[Hashable, deque[int]] = {}
        self._keys = keys
        self._flying: dict[int, tuple[Connection, int]] = {}
        self._poll = select.poll()
        self._stopped = False
        self._is_over = bytearray(len(keys) + 1)
        self._first = self._highest = 0
        self._first_since = time.monotonic()
        for job, key in enumerate(keys):
            self._queues.setdefault(key, deque()).append(job)
        self._ready = sorted(queue[0] for queue in self._queues.values())

    def stop(self) -> None:
        """Begin nothing more; what is under way ends."""
        self._stopped = True

    def run(self, *, until: float, fill_until: float) -> None:
        """Begin jobs until then (on the `time.monotonic` clock); returns when every exchange is over.

        Between `until` and `fill_until` only jobs begin that others have overtaken. Jobs that were not begun are simply
        not judged.
        """
        while True:
            now = time.monotonic()
            self._launch(len(self._keys) if now < until else self._highest if now < fill_until else 0)
            if not self._flying:
                return
            self._wait()

    def _launch(self, limit: int) -> None:
        """Begin what may begin: jobs below `limit`, the lowest first."""
        while self._ready and len(self._flying) < self._width and not self._stopped:
            if self._ready[0] >= min(limit, self._first + self._ahead()):
                return
            job = heapq.heappop(self._ready)
            self._highest = max(self._highest, job)
            connection = self._start(job)
            connection.advance()
            if connection.done:
                self._land(connection, job)
            else:
                self._flying[connection.fileno()] = (connection, job)
                self._poll.register(connection, connection.wants)

    def _ahead(self) -> int:
        return FAR if time.monotonic() - self._first_since >= SILENCE else AHEAD

    def _wait(self) -> None:
        now = time.monotonic()
        nearest = min(connection.deadline for connection, _job in self._flying.values())
        hangs_at = self._first_since + SILENCE
        if self._ready and now < hangs_at and len(self._flying) < self._width:  # held back by the first job alone
            nearest = min(nearest, hangs_at)
        for descriptor, _events in self._poll.poll(max(0.0, nearest - now) * 1000 + 1):
            self._hear(descriptor)
        now = time.monotonic()
        for descriptor, (connection, job) in list(self._flying.items()):
            if now >= connection.deadline:
                self._poll.unregister(descriptor)
                del self._flying[descriptor]
                connection.give_up()
                self._land(connection, job)

    def _hear(self, descriptor: int) -> None:
        connection, job = self._flying.pop(descriptor)
        wanted = connection.wants
        connection.advance()
        if connection.done:
            self._poll.unregister(descriptor)
            self._land(connection, job)
            return
        if connection.fileno() != descriptor or connection.wants != wanted:
            self._poll.unregister(descriptor)
            self._poll.register(connection, connection.wants)
        self._flying[connection.fileno()] = (connection, job)

    def _land(self, connection: Connection, job: int) -> None:
        queue = self._queues[self._keys[job]]
        queue.popleft()
        self._is_over[job] = 1
        if connection.reply is not None:
            self._width = min(self._limit, self._width + 1)
        if not self._judge(job, connection):
            for later in queue:  # none of them will begin
                self._is_over[later] = 1
        elif queue:
            heapq.heappush(self._ready, queue[0])
        first = self._is_over.find(0, self._first)
        if first != self._first:
            self._first, self._first_since = first, time.monotonic()
