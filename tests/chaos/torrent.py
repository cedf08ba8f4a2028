"""A flood from little: an open loop over bare sockets that keeps to its share of one core, and says how much it used.

Asyncio needs a whole core for what this does with a tenth: one loop, one request in flight per connection, a send and a
receive for each. It measures its own CPU time (`process_time`, kernel included) and rests as soon as it is ahead of its
share, so that what is measured is the server under load and not two programs that fight for two cores. Reads a plan as
JSON from stdin, writes what it did as JSON to stdout.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

SLICE_SECONDS = 0.004
RECEIVE = 65_536


@dataclass(frozen=True)
class Torrent:
    """What to send: one complete HTTP/1.1 request at `rate` per second, with at most `share` of a core."""

    port: int
    request: str
    seconds: float
    rate: float
    share: float = 0.3
    connections: int = 600
    timeout: float = 10.0


@dataclass
class Poured:
    """What happened. `unsent` were due while every connection waited for an answer; status 0 is no answer in time."""

    offered: int = 0
    unsent: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    rested_seconds: float = 0.0

    @property
    def share(self) -> float:
        """Of one core."""
        return self.cpu_seconds / self.seconds

    @property
    def answered(self) -> int:
        """Requests with any answer."""
        return sum(count for status, count in self.statuses.items() if status != "0")


class Pump:
    """The loop of one plan."""

    def __init__(self, plan: Torrent) -> None:
        """Nothing is connected yet."""
        self.plan, self.request = plan, plan.request.encode()
        self.selector = selectors.DefaultSelector()
        self.idle: deque[socket.socket] = deque()
        self.busy: dict[socket.socket, tuple[float, bytes]] = {}
        self.statuses: Counter[str] = Counter()
        self.done = Poured()

    def run(self) -> Poured:
        """Pour for the planned time, wait a moment for what is under way, account."""
        started, spent_before = time.perf_counter(), time.process_time()
        while (elapsed := time.perf_counter() - started) < self.plan.seconds:
            behind = time.process_time() - spent_before - elapsed * self.plan.share
            if behind > 0:
                time.sleep(behind / self.plan.share)
                self.done.rested_seconds += behind / self.plan.share
            self._send(round(elapsed * self.plan.rate) - self.done.offered - self.done.unsent)
            self._receive(SLICE_SECONDS)
        self.done.seconds = time.perf_counter() - started
        self.done.cpu_seconds = time.process_time() - spent_before
        until = time.perf_counter() + self.plan.timeout
        while self.busy and time.perf_counter() < until:
            self._receive(0.05)
        self.statuses["0"] += len(self.busy)
        self.done.statuses = dict(self.statuses)
        return self.done

    def _send(self, due: int) -> None:
        for _ in range(due):
            connection = self._connection()
            if connection is None:
                self.done.unsent += 1
                continue
            self.done.offered += 1
            try:
                connection.send(self.request)
            except OSError:
                self._lost(connection)
            else:
                self.busy[connection] = time.perf_counter(), b""

    def _connection(self) -> socket.socket | None:
        if self.idle:
            return self.idle.popleft()
        if len(self.busy) >= self.plan.connections:
            return None
        made = socket.create_connection(("127.0.0.1", self.plan.port), self.plan.timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        self.selector.register(made, selectors.EVENT_READ)
        return made

    def _receive(self, seconds: float) -> None:
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            for key, _events in self.selector.select(left):
                self._read(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered
        while self.busy:  # in the order in which they were sent
            connection, (sent, _data) = next(iter(self.busy.items()))
            if sent > ends - self.plan.timeout:
                break
            self._lost(connection)

    def _read(self, connection: socket.socket) -> None:
        sent, data = self.busy.get(connection, (0.0, b""))
        try:
            more = connection.recv(RECEIVE)
        except OSError:
            more = b""
        if not more or not sent:  # hung up, also on an idle connection
            self._lost(connection)
            return
        data += more
        if not is_whole(data):
            self.busy[connection] = sent, data
            return
        self.statuses[data[9:12].decode()] += 1
        del self.busy[connection]
        self.idle.append(connection)

    def _lost(self, connection: socket.socket) -> None:
        if self.busy.pop(connection, None) is not None:
            self.statuses["0"] += 1
        with suppress(ValueError):
            self.idle.remove(connection)
        self.selector.unregister(connection)
        connection.close()


def is_whole(data: bytes) -> bool:
    """Whether an answer has arrived with its whole body."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = data.lower().find(b"content-length:", 0, head)
    length = int(data[at + 15 : data.index(b"\r\n", at)]) if at >= 0 else 0
    return len(data) >= head + 4 + length


def pour(plan: Torrent) -> Poured:
    """Run the plan in a process of its own."""
    command = [sys.executable, "-m", "tests.chaos.torrent"]
    done = subprocess.run(command, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the flood failed:\n{done.stderr}")
    facts: dict[str, Any] = json.loads(done.stdout)
    return Poured(**facts)


if __name__ == "__main__":
    json.dump(asdict(Pump(Torrent(**json.load(sys.stdin))).run()), sys.stdout)
