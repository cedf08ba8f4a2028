"""Asks for the probes again and again, from a process of its own: a hundred threads of the rig would be measured too.

    python -m tests.chaos.prober PORT SECONDS

prints one JSON object: `live`, the seconds of each liveness probe (null: not 200), and `unready_at`, the moment of the
system's monotonic clock in which readiness was first denied (null: never).
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Final

PAUSE: Final = 0.02
_ANSWER: Final = 65_536


def ask(link: socket.socket, path: str) -> int:
    """The status of one GET over a connection that is kept; the answers of probes fit into one read."""
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return int(link.recv(_ANSWER).split(maxsplit=2)[1])


def watch(port: int, seconds: float) -> dict[str, object]:
    """Probe for so long."""
    live: list[float | None] = []
    unready_at: float | None = None
    until = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            began = time.monotonic()
            alive = ask(link, "/health/live") == 200
            live.append(time.monotonic() - began if alive else None)
            if unready_at is None and ask(link, "/health/ready") == 503:
                unready_at = time.monotonic()
            time.sleep(PAUSE)
    return {"live": live, "unready_at": unready_at}


if __name__ == "__main__":
    print(json.dumps(watch(int(sys.argv[1]), float(sys.argv[2]))))
