"""A webhook receiver in a process of its own that accepts everything but poison: another company's server.

`python -m tests.support.sink PORT` answers 204 to every request, 500 when its body says `"poison"`, and prints the
number of requests when it gets SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
_REFUSAL = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """Counts requests on keep-alive connections."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it closes."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                self.requests += 1
                writer.write(_REFUSAL if b'"poison"' in body else _ANSWER)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            writer.close()


@contextmanager
def running_sink(port: int) -> Iterator[None]:
    """Have a sink on 127.0.0.1:`port` inside the block."""
    process = subprocess.Popen([sys.executable, "-m", "tests.support.sink", str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(5)


async def _main(port: int) -> None:
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print("listening", flush=True)
    await stopped.wait()
    server.close()
    print(sink.requests, flush=True)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
