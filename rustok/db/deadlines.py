"""Deadlines of statements under way. A frozen PostgreSQL acknowledges packets, so nothing on the server fires.

`statement_timeout` needs a server that runs, keepalives and TCP_USER_TIMEOUT one whose kernel is silent; a stopped one
(SIGSTOP, a hung disk) has neither (trap 56). So the driver's own wait ends: at the context's deadline, or when a
statement has lasted longer than the server would have allowed. The connection, in the middle of an answer, is closed.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.errors import _WaitTimeout

from rustok.config import config
from rustok.context import current
from rustok.db.prepared import Known

MARGIN_SECONDS: Final = 1.0
"""How much longer than `statement_timeout` we wait: a running server is given the first word."""
LEAST_SECONDS: Final = 0.05
"""A wait that begins with a passed deadline (a ROLLBACK on the way out) still gets this long."""


class AnswerOverdue(psycopg.OperationalError):
    """The server did not answer in time; the connection is closed. Doors show it as DatabaseUnavailable (5001)."""


class DeadlineConnection(psycopg.Connection[Any]):
    """A connection none of whose waits is endless. Costs one look at the context per round trip."""

    known: Known | None = None
    """Statements that the session knows by name; None where it may be somebody else's session the next time."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait as psycopg does, but not beyond the deadline; raises AnswerOverdue and closes the connection."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, patience())
        except _WaitTimeout:
            self.pgconn.finish()
            raise AnswerOverdue("the server did not answer in time") from None


def patience() -> float:
    """Seconds that a wait may last now."""
    longest = config().database_statement_timeout + MARGIN_SECONDS
    left = current().remaining()
    return longest if left is None else min(longest, max(left, LEAST_SECONDS))
