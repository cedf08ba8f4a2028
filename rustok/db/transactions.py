"""The unit of work: rows, events, audit entries and the stored answer commit together or not at all.

    with unit_of_work() as uow:
        order.confirm(at=now)
        uow.record(OrderConfirmed(order_id=order.pk))
        uow.audit(AuditEntry(action="order:confirm", target=str(order.pk)))

An inner unit of work joins the outer one (no savepoint): who opens the outermost one commits. An error that leaves an
inner block dooms the whole, even if somebody swallows it, because half of a use case must never be committed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import partial, wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from rustok.audit import AuditEntry
from rustok.bus import offer
from rustok.db.batches import together
from rustok.events import DomainEvent, EventRecorder
from rustok.ports import audit_writer, event_recorder

P = ParamSpec("P")
R = TypeVar("R")


class TransactionRequired(RuntimeError):
    """A building block was called outside a unit of work. Wrap the use case in `unit_of_work()` or `@transactional`."""


class TransactionDoomed(RuntimeError):
    """An inner block failed and somebody swallowed its error before the outer commit. Let the error pass."""


@dataclass(slots=True)
class UnitOfWork:
    """What will be written when the outermost block ends. Not thread-safe: it belongs to one connection."""

    using: str
    _events: list[DomainEvent] = field(default_factory=list)
    _expected: dict[str, int] = field(default_factory=dict)
    _entries: list[AuditEntry] = field(default_factory=list)

    def record(self, *events: DomainEvent, new_stream: bool = False, expected_version: int | None = None) -> None:
        """Publish facts. The end of the unit of work raises VersionConflict when a stream is not where it should be.

        `new_stream`: this transaction creates the aggregate, so no version has to be read. `expected_version`: the
        stream must stand at this version before the facts (0: not exist); costs one read at the end. Without either,
        the facts go behind whatever stands there, and only a writer at the very same moment is a conflict.
        """
        self._events.extend(events)
        expected = 0 if new_stream else expected_version
        if expected is not None:
            for event in events:
                self._expected.setdefault(event.stream, expected)

    def audit(self, *entries: AuditEntry) -> None:
        """Note deeds in the audit log."""
        self._entries.extend(entries)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the outermost transaction has committed; its failure is logged, never raised."""
        transaction.on_commit(callback, using=self.using, robust=True)

    def flush(self) -> None:
        """Write what was recorded so far: events, wake-up and audit entries in one round trip."""
        self._write(commit=False)

    def finish(self) -> None:
        """As `flush`, and end the transaction in the same round trip where there is none around it."""
        if self._events or self._entries:
            link = connections[self.using]
            self._write(commit=link.commit_on_exit and len(link.atomic_blocks) == 1)

    def _write(self, *, commit: bool) -> None:
        with together(using=self.using, commit=commit):
            if self._events:
                recorder = event_recorder()
                recorder.append(self._events, expected=self._expected)
                self.after_commit(partial(_announce, recorder, self._events))
            if self._entries:
                audit_writer().write(self._entries)
        self._events, self._entries, self._expected = [], [], {}


def _announce(recorder: EventRecorder, events: list[DomainEvent]) -> None:
    """Tell a relay, then this process's bus."""
    recorder.hint()
    offer(events)


_active: ContextVar[UnitOfWork | None] = ContextVar("rustok_unit_of_work", default=None)


class unit_of_work:  # noqa: N801 - reads as a noun of the sentence where it is used
    """Begin or join; commit at the end of the outermost block; roll back on any exception.

    Bound to the database of the current tenant (trap 22; one alias until database-per-tenant arrives).
    """

    __slots__ = ("_atomic", "_token", "_uow")

    def __init__(self) -> None:
        """Nothing begins yet."""
        self._token: Token[UnitOfWork | None] | None = None

    def __enter__(self) -> UnitOfWork:
        """Begin, or join the one that is open."""
        outer = _active.get()
        self._uow = outer or UnitOfWork(using=DEFAULT_DB_ALIAS)
        self._atomic = transaction.atomic(using=self._uow.using, savepoint=outer is None)
        self._atomic.__enter__()
        if outer is None:
            self._token = _active.set(self._uow)
        return self._uow

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commit what this block began, or roll it back."""
        if self._token is None:
            self._atomic.__exit__(kind, error, traceback)
            return
        try:
            if error is None:
                self._finish()
            self._atomic.__exit__(kind, error, traceback)
        finally:
            _active.reset(self._token)

    def _finish(self) -> None:
        """Write what was recorded; whoever fails here ends the transaction as well."""
        try:
            if transaction.get_rollback(using=self._uow.using):
                raise TransactionDoomed("an inner step failed and its error was swallowed; nothing was written")
            self._uow.finish()
        except BaseException as error:
            self._atomic.__exit__(type(error), error, error.__traceback__)
            raise


def current_unit_of_work() -> UnitOfWork:
    """The open unit of work; raises TransactionRequired outside one."""
    uow = _active.get()
    if uow is None:
        raise TransactionRequired("no unit of work is open")
    return uow


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in a unit of work of its own, or in the caller's."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with unit_of_work():
            return function(*args, **kwargs)

    return wrapper


def transaction_required(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a building block: it writes, but the use case that calls it owns the transaction."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        current_unit_of_work()
        return function(*args, **kwargs)

    return wrapper
