"""One post over one connection, waited for: what the fleet does with many."""

from __future__ import annotations

import time

from apps.webhooks.connections import Connection, Reply
from apps.webhooks.fleet import Fleet


def post(connection: Connection, timeout: float = 5.0) -> Reply:
    """Post `{}`; the answer, or what the connection says went wrong, raised."""
    until = time.monotonic() + timeout

    def start(_job: int) -> Connection:
        connection.start(b"X-Test: 1\r\n", b"{}", deadline=until)
        return connection

    Fleet([None], start=start, judge=lambda _job, _connection: True).run(until=until, fill_until=until)
    if connection.failure is not None:
        raise connection.failure
    assert connection.reply is not None
    return connection.reply
