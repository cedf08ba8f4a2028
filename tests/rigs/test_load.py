"""The load generator measures from the intended moment, so that a stalled server cannot hide behind it."""

import asyncio
import contextlib

from tests.benchmarks.load import Generator, Plan
from tests.benchmarks.results import percentile


class SlowServer:
    """Answers one request after the other, each after 50 ms, whatever the connection."""

    def __init__(self) -> None:
        self.one_at_a_time = asyncio.Lock()
        self.handlers: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.handlers.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                async with self.one_at_a_time:
                    await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()


def measured(**plan: float) -> Generator:
    async def run() -> Generator:
        slow = SlowServer()
        server = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        generator = Generator(Plan(port, ["GET / HTTP/1.1\r\nHost: x\r\n\r\n"], **plan))  # type: ignore[arg-type]
        await (generator.open_loop() if generator.plan.rate else generator.closed_loop())
        await generator.close()
        await asyncio.gather(*slow.handlers)
        server.close()
        return generator

    return asyncio.run(run())


def test_an_open_loop_charges_the_queue_to_the_server() -> None:
    generator = measured(seconds=0.5, rate=40)

    assert generator.statuses == {"201": 20}
    assert percentile(generator.measured.latencies, 0.99) > 300


def test_a_closed_loop_waits_for_its_turn() -> None:
    generator = measured(seconds=0.3, clients=2)

    assert 4 <= generator.statuses["201"] <= 8


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]

    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (50.0, 99.0, 7.0)
