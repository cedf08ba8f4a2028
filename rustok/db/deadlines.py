"""Deadlines of statements under way. A frozen PostgreSQL acknowledges packets, so nothing on the server fires.

`statement_timeout` needs a server that runs, keepalives and TCP_USER_TIMEOUT one whose kernel is silent; a stopped one
(SIGSTOP, a hung disk) has neither (trap 56). So the driver's own wait ends: at the context's deadline, when a statement
has lasted longer than the server would have allowed, or a moment after a probe has found that the server answers nobody
(`silence`). The connection, in the middle of an answer, is closed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Final

import psycopg
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus

from rustok.config import config
from rustok.context import current
from rustok.db.prepared import Known

MARGIN_SECONDS: Final = 1.0
"""How much longer than `statement_timeout` we wait: a running server is given the first word."""
_IDLE: Final = TransactionStatus.IDLE
LEAST_SECONDS: Final = 0.05
"""A wait that begins with a passed deadline (a ROLLBACK on the way out) still gets this long."""
ROUND_SECONDS: Final = 0.1
"""The socket is polled for so long at a time."""
SILENT_ROUNDS: Final = 5
"""Rounds without a byte after which a statement is given up while the server answers nobody."""


class AnswerOverdue(psycopg.OperationalError):
    """The server did not answer in time; the connection is closed. Doors show it as DatabaseUnavailable (5001)."""


class Silence:
    """Whether the server has stopped answering this process: told by whoever asks it often, heard by all who wait."""

    def __init__(self) -> None:
        """The server is heard."""
        self.is_on = False

    def note(self, *, silent: bool) -> None:
        """Tell what was found."""
        self.is_on = silent


silence: Final = Silence()


class DeadlineConnection(psycopg.Connection[Any]):
    """A connection none of whose waits is endless. Costs one look at the context per round trip."""

    minds_silence: ClassVar[bool] = True
    """Whether its statements are given up when the server answers nobody; a probe's are not: it finds that out."""
    known: Known | None = None
    """Statements that the session knows by name; None where it may be somebody else's session the next time."""
    unheard: int = 0
    """Rounds in a row in which the last wait heard nothing. Counted, not timed: our own lack of CPU is no silence."""

    def wait(self, gen: Any, interval: float = ROUND_SECONDS, timeout: float | None = None) -> Any:
        """Wait as psycopg does, but not beyond the deadline; raises AnswerOverdue and closes the connection."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(self._listening(gen), interval, patience())
        except _WaitTimeout:
            self.pgconn.finish()
            raise AnswerOverdue("the server did not answer in time") from None

    def _listening(self, gen: Any) -> Generator[Any, Any, Any]:
        """The driver's generator, with a look at the silence in each round that brought nothing."""
        self.unheard = 0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                self.unheard = 0 if ready else self.unheard + 1
                if self.unheard >= SILENT_ROUNDS and silence.is_on and self.minds_silence:
                    raise _WaitTimeout("the server answers nobody")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def set_autocommit(self, value: bool) -> None:
        """As psycopg does, without its machinery of waiting where there is nothing to wait for."""
        if self.pgconn.transaction_status == _IDLE:
            self._autocommit = bool(value)
        else:
            super().set_autocommit(value)


_granted: Final[ContextVar[float | None]] = ContextVar("rustok_statement_seconds", default=None)


@contextmanager
def patient(seconds: float) -> Iterator[None]:
    """Wait so long for each statement of the block: for few that are known to be long, in tasks and commands.

    The server's own limit is the caller's to raise (`SET LOCAL statement_timeout`). Silence ends the wait as ever.
    """
    before = _granted.set(seconds)
    try:
        yield
    finally:
        _granted.reset(before)


def patience() -> float:
    """Seconds that a wait may last now."""
    granted = _granted.get()
    longest = (config().database_statement_timeout if granted is None else granted) + MARGIN_SECONDS
    left = current().remaining()
    return longest if left is None else min(longest, max(left, LEAST_SECONDS))
