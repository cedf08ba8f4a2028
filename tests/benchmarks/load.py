"""The load generator: a process of its own that replays ready-made requests over keep-alive connections.

Reads a plan as JSON from stdin, writes measurements as JSON to stdout. An open loop sends request `i` at
`start + i / rate` whether or not earlier ones were answered, and measures from that intended moment: a stalled server
is charged for the requests that it delayed (no coordinated omission). A closed loop keeps `clients` requests in flight.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Plan:
    """What to send. `requests` are complete HTTP/1.1 requests, used in turn, with `@@KEY@@` made unique in each use."""

    port: int
    requests: list[str]
    seconds: float
    rate: float = 0.0
    clients: int = 0
    timeout: float = 30.0


@dataclass
class Measured:
    """What happened: latencies of answers in milliseconds, statuses (`0` = no answer), length of the loop."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    late_start_ms: float = 0.0

    @property
    def errors(self) -> int:
        """Answers other than 2xx, and requests without answer."""
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


class Generator:
    """Connections and counters of one plan."""

    def __init__(self, plan: Plan) -> None:
        """Prepare the request bytes."""
        self.plan = plan
        self.requests = [text.encode() for text in plan.requests]
        self.serial = itertools.count()
        self.run = str(time.time_ns())
        self.idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self.measured = Measured()
        self.statuses: Counter[str] = Counter()

    async def open_loop(self) -> None:
        """Send at the planned rate, come what may."""
        started = time.perf_counter() + 0.2
        tasks = []
        for number in range(round(self.plan.rate * self.plan.seconds)):
            due = started + number / self.plan.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.measured.late_start_ms = max(self.measured.late_start_ms, (time.perf_counter() - due) * 1000)
            tasks.append(asyncio.create_task(self.once(due)))
        await asyncio.gather(*tasks)
        self.measured.seconds = time.perf_counter() - started

    async def closed_loop(self) -> None:
        """Keep every client busy until the time is over."""
        started = time.perf_counter()

        async def client() -> None:
            while time.perf_counter() - started < self.plan.seconds:
                await self.once(time.perf_counter())

        await asyncio.gather(*(client() for _ in range(self.plan.clients)))
        self.measured.seconds = time.perf_counter() - started

    async def close(self) -> None:
        """Close the connections that are left."""
        for _reader, writer in self.idle:
            writer.close()
            await writer.wait_closed()

    async def once(self, due: float) -> None:
        """Send the next request and measure from `due`."""
        number = next(self.serial)
        request = self.requests[number % len(self.requests)].replace(b"@@KEY@@", f"{self.run}-{number}".encode())
        try:
            status = await asyncio.wait_for(self.exchange(request), self.plan.timeout)
        except (OSError, EOFError, ValueError, TimeoutError):
            status = "0"
        self.statuses[status] += 1
        if status != "0":
            self.measured.latencies.append((time.perf_counter() - due) * 1000)

    async def exchange(self, request: bytes) -> str:
        """Send on an idle connection, or a new one; return the status."""
        connection = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.plan.port)
        reader, writer = connection
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            length = lower.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
        except BaseException:
            writer.close()
            raise
        if b"connection: close" in lower:
            writer.close()
        else:
            self.idle.append(connection)
        return head[9:12].decode()


def measure(plan: Plan) -> Measured:
    """Run the plan in a process of its own and return what it measured."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    done = subprocess.run(command, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed:\n{done.stderr}")
    facts: dict[str, Any] = json.loads(done.stdout)
    return Measured(**facts)


async def _main() -> None:
    generator = Generator(Plan(**json.load(sys.stdin)))
    gc.disable()  # a collection would be measured as latency of the server
    await (generator.open_loop() if generator.plan.rate else generator.closed_loop())
    await generator.close()
    generator.measured.statuses = dict(generator.statuses)
    json.dump(asdict(generator.measured), sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main())
