"""Which event the running code reacts to: it becomes the `causation` of the events that the reaction records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_cause: ContextVar[UUID | None] = ContextVar("rustok_event_cause", default=None)


def cause() -> UUID | None:
    """The id of the event being handled, or None."""
    return _cause.get()


@contextmanager
def caused_by(event_id: UUID) -> Iterator[None]:
    """Name the event that is being handled inside the block."""
    token = _cause.set(event_id)
    try:
        yield
    finally:
        _cause.reset(token)
