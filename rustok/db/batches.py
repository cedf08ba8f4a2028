"""Statements whose rows nobody reads, sent to the server together: one round trip instead of one each.

The writers of events and audit entries `send` theirs; at the end of a unit of work they travel as one message, with the
COMMIT in it. PostgreSQL runs the statements of a message in order and stops at the first that fails (PostgreSQL manual,
"Multiple Statements in a Simple Query"). A round trip costs the server little, but a process of many busy threads waits
for its interpreter lock after each. Values are filled in by the driver before sending, as Django's cursors do; the
statements themselves are known to the session by name after the first time (`rustok.db.prepared`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, connections
from psycopg.pq import TransactionStatus

from rustok.db.prepared import Message

Refusal = Callable[[IntegrityError], Exception | None]
"""Says what a constraint's objection means, as a typed error; None when it is somebody else's."""

_IDLE: Final = TransactionStatus.IDLE


@dataclass(slots=True)
class _Batch:
    """What waits to be sent over one connection."""

    using: str
    statements: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
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
    target.parameters.extend(parameters)
    if refusal is not None:
        target.refusals.append(refusal)
    if alone:
        _run(target, commit=False)


@contextmanager
def together(*, using: str, commit: bool) -> Iterator[None]:
    """Send what the block sends as one message. `commit`: the transaction ends with it; nothing may follow but its end.

    Raises what the statements raise, from the end of the block; the transaction is to be rolled back then, as always.
    """
    batch = _Batch(using)
    token = _collecting.set(batch)
    try:
        yield
    finally:
        _collecting.reset(token)
    if batch.statements:
        _run(batch, commit=commit)


def _run(batch: _Batch, *, commit: bool) -> None:
    link: Any = connections[batch.using]
    try:
        cursor = link.message_cursor()
        link.bind()  # to its schema, before anybody looks at the transaction: it may take a statement
        message = Message.of(link.connection, batch.statements)
        with message.remembered():
            cursor.execute(message.text + _ending(link.connection, commit=commit), batch.parameters)
    except IntegrityError as error:
        for refusal in batch.refusals:
            meaning = refusal(error)
            if meaning is not None:
                raise meaning from error
        raise


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
