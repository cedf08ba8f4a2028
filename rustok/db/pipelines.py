"""Statements that a session knows by name, called in one round trip with their values beside them.

To write ten values into a text costs the driver's cursor about as much as PostgreSQL to run the statement, and then it
has to read that text again. Here nothing is written into a text: each value goes as its own field (PostgreSQL manual,
"Pipelining"; what stands before one Sync is one transaction where none is open). Only for values whose text is plain;
whoever has others, or a session that is told statements in full, says them as a message (`rustok.db.batches`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from types import NoneType
from typing import Any, Final
from uuid import UUID

from psycopg.errors import error_from_result
from psycopg.generators import fetch, send
from psycopg.pq import ExecStatus

Call = tuple[bytes, list[bytes | None]]
"""A statement by its name, and its values in PostgreSQL's text format."""

_SYNC: Final = ExecStatus.PIPELINE_SYNC
_FAILED: Final = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE})


def _text(value: str) -> bytes:
    """Raises ValueError for what no text of PostgreSQL can hold: half a surrogate pair, and NUL, which would cut it."""
    encoded = value.encode()
    if b"\0" in encoded:
        raise ValueError("NUL")
    return encoded


_WRITERS: Final[dict[type, Callable[[Any], bytes | None]]] = {
    str: _text,
    UUID: lambda value: str(value).encode(),
    int: lambda value: b"%d" % value,
    bool: lambda value: b"t" if value else b"f",
    NoneType: lambda _value: None,
}


def written(values: Sequence[Any]) -> list[bytes | None] | None:
    """The values as fields; None when one of them is better left to the driver."""
    try:
        return [_WRITERS[type(value)](value) for value in values]
    except (KeyError, ValueError):
        return None


def exchange(session: Any, calls: Sequence[Call], *, commit: bool) -> None:
    """Make the calls in order, all or none. `commit`: end the open transaction with them.

    Without an open transaction they are one, and it is committed. Raises the driver's errors; a session whose answer
    was not heard to the end (its time was over, it broke) is closed.
    """
    pgconn = session.pgconn
    with session.lock:
        try:
            failure = session.wait(_spoken(pgconn, calls, commit))
        except BaseException:
            pgconn.finish()
            raise
    if failure is not None:
        raise error_from_result(failure, encoding=session.info.encoding)


def _spoken(pgconn: Any, calls: Sequence[Call], commit: bool) -> Generator[Any, Any, Any]:
    """Send everything, hear everything; the first failure is returned, after which the server did nothing more."""
    pgconn.enter_pipeline_mode()
    for name, values in calls:
        pgconn.send_query_prepared(name, values)
    if commit:
        pgconn.send_query_params(b"COMMIT", None)
    pgconn.pipeline_sync()
    yield from send(pgconn)
    failure = None
    while True:
        result = yield from fetch(pgconn)
        if result is None:  # ends the answer to one call
            continue
        status = result.status
        if status == _SYNC:
            break
        if failure is None and status in _FAILED:
            failure = result
    pgconn.exit_pipeline_mode()
    return failure
