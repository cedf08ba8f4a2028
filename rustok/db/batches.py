"""Statements whose rows nobody reads, sent to the server together: one round trip instead of one each.

The writers of events and audit entries `send` theirs; at the end of a unit of work they travel together, with COMMIT.
PostgreSQL runs them in order and stops at the first that fails. A round trip costs the server little, but a process of
many busy threads waits for its interpreter lock after each. What the session knows by name (`rustok.db.prepared`) is
called with its values beside it (`rustok.db.pipelines`); the first time, in a session that a pooler shares, and where
somebody keeps a log of queries, it is told as one text with the values filled in by the driver, as Django's cursors do
(PostgreSQL manual, "Multiple Statements in a Simple Query").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from django.db import IntegrityError, connections
from psycopg.pq import TransactionStatus

from rustok.db.pipelines import Call, exchange, written
from rustok.db.prepared import Message, name_of

Refusal = Callable[[IntegrityError], Exception | None]
"""Says what a constraint's objection means, as a typed error; None when it is somebody else's."""

_IDLE: Final = TransactionStatus.IDLE


@dataclass(slots=True)
class _Batch:
    """What waits to be sent over one connection."""

    using: str
    statements: list[str] = field(default_factory=list)
    parameters: list[Sequence[Any]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


_collecting: ContextVar[_Batch | None] = ContextVar("rustok_batch", default=None)


def send(statement: str, parameters: Sequence[Any], *, using: str, refusal: Refusal | None = None) -> None:
    """Run a statement with `%s` for its values that returns nothing: at once, or with the others of the open batch.

    `refusal` translates an IntegrityError into the error that callers know, wherever it comes to light.
    """
    batch = _collecting.get()
    alone = batch is None or batch.using != using
    target = _Batch(using) if batch is None or alone else batch
    target.statements.append(statement)
    target.parameters.append(parameters)
    if refusal is not None:
        target.refusals.append(refusal)
    if alone:
        _run(target, commit=False)


class together:  # noqa: N801 - reads as a word of the sentence where it is used
    """Send what the block sends as one message. `commit`: the transaction ends with it; nothing may follow but its end.

    Raises what the statements raise, from the end of the block; the transaction is to be rolled back then, as always.
    """

    __slots__ = ("_batch", "_commit", "_token")

    def __init__(self, *, using: str, commit: bool) -> None:
        """Nothing waits yet."""
        self._batch, self._commit = _Batch(using), commit
        self._token: Token[_Batch | None] | None = None

    def __enter__(self) -> None:
        """Collect from here on."""
        self._token = _collecting.set(self._batch)

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Send, unless the block failed."""
        if self._token is not None:
            _collecting.reset(self._token)
        if error is None and self._batch.statements:
            _run(self._batch, commit=self._commit)


def _run(batch: _Batch, *, commit: bool) -> None:
    link: Any = connections[batch.using]
    try:
        link.ensure_connection()
        link.bind()  # to its schema, before anybody looks at the transaction: it may take a statement
        idle = link.connection.pgconn.transaction_status == _IDLE
        calls = None if link.queries_logged or (idle and not commit) else _calls(link.connection, batch)
        if calls is None:
            _tell(link, batch, commit=commit)
        else:
            with link.wrap_database_errors:
                exchange(link.connection, calls, commit=commit and not idle)
    except IntegrityError as error:
        for refusal in batch.refusals:
            meaning = refusal(error)
            if meaning is not None:
                raise meaning from error
        raise


def _calls(session: Any, batch: _Batch) -> list[Call] | None:
    """The batch as calls; None when the session does not know every statement, or the driver has to write a value."""
    calls: list[Call] = []
    for statement, parameters in zip(batch.statements, batch.parameters, strict=True):
        name, values = name_of(session, statement), written(parameters)
        if name is None or values is None:
            return None
        calls.append((name, values))
    return calls


def _tell(link: Any, batch: _Batch, *, commit: bool) -> None:
    """The batch as one text."""
    cursor = link.message_cursor()
    message = Message.of(link.connection, batch.statements)
    with message.remembered():
        values = [value for parameters in batch.parameters for value in parameters]
        cursor.execute(message.text + _ending(link.connection, commit=commit), values)


def _ending(session: Any, *, commit: bool) -> str:
    """What lets the message commit: its last statement, or nothing where it is all of the transaction.

    Several statements in one message are one transaction when none is open, so BEGIN and COMMIT need not be said.
    Django's own COMMIT then finds nothing to do, and sets the session back to what it was.
    """
    if not commit:
        return ""
    if session.pgconn.transaction_status == _IDLE:
        session.autocommit = True
        return ""
    return "; COMMIT"
