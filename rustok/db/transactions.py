"""The unit of work: rows, events, audit entries and the stored answer commit together or not at all.

    with unit_of_work() as uow:
        order.confirm(at=now)
        uow.record(OrderConfirmed(order_id=order.pk))
        uow.audit(AuditEntry(action="order:confirm", target=str(order.pk)))

An inner unit of work joins the outer one (no savepoint): who opens the outermost one commits. An error that leaves an
inner block dooms the whole, even if somebody swallows it, because half of a use case must never be committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from rustok.audit import AuditEntry
from rustok.bus import offer
from rustok.db.batches import together
from rustok.events import DomainEvent
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
        link = connections[self.using]
        self._write(commit=link.commit_on_exit and len(link.atomic_blocks) == 1)

    def _write(self, *, commit: bool) -> None:
        with together(using=self.using, commit=commit):
            if self._events:
                recorder = event_recorder()
                recorder.append(self._events, expected=self._expected)
                transaction.on_commit(recorder.hint, using=self.using, robust=True)
                transaction.on_commit(partial(offer, self._events), using=self.using, robust=True)
            if self._entries:
                audit_writer().write(self._entries)
        self._events, self._entries, self._expected = [], [], {}


_active: ContextVar[UnitOfWork | None] = ContextVar("rustok_unit_of_work", default=None)


@contextmanager
def unit_of_work() -> Iterator[UnitOfWork]:
    """Begin or join; commit at the end of the outermost block; roll back on any exception.

    Bound to the database of the current tenant (trap 22; one alias until database-per-tenant arrives).
    """
    outer = _active.get()
    if outer is not None:
        with transaction.atomic(using=outer.using, savepoint=False):
            yield outer
        return
    uow = UnitOfWork(using=DEFAULT_DB_ALIAS)
    token = _active.set(uow)
    try:
        with transaction.atomic(using=uow.using):
            yield uow
            if transaction.get_rollback(using=uow.using):
                raise TransactionDoomed("an inner step failed and its error was swallowed; nothing was written")
            uow.finish()
    finally:
        _active.reset(token)


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
