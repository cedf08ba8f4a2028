"""Following people's decisions: a thread reads the mode that holds and tells this process's controller.

The last known decision stays while the database is away, and ends by its own clock. Held breakers are in the breakers'
store; should that forget them (it was flushed, or restarted without a file), the table tells it again.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from typing import Final

from django.db import DatabaseError, InterfaceError, connections

from rustok.context import ExecutionContext, system_actor, use
from rustok.db.shared import shared_rows
from rustok.repeating import repeat
from rustok.resilience.circuit_breaker import Registry, State
from rustok.resilience.degradation import DegradationController, Mode, ModeOverride, controller
from rustok.resilience.dependencies import registry
from rustok.telemetry import log_event

SECONDS: Final = 1.0
DEADLINE_SECONDS: Final = 2.0
_CURRENT: Final = """
    SELECT value, extract(epoch FROM until)::float8, decided_by, reason FROM public.operations_override
    WHERE kind = 'mode' AND lifted_at IS NULL AND until > now() ORDER BY decided_at DESC LIMIT 1
"""

_HOLDS: Final = """
    SELECT DISTINCT ON (name) name, value, extract(epoch FROM until - now())::float8, decided_by, reason
    FROM public.operations_override
    WHERE kind = 'breaker' AND lifted_at IS NULL AND until > now() ORDER BY name, decided_at DESC
"""


def hold_again(breakers: Registry) -> None:
    """Tell the breakers' store what people have decided, as far as it does not know. One statement when nothing holds.

    The table is asked again after the store: what was lifted in between must not come back.
    """
    wanted = {row[0] for row in shared_rows(_HOLDS)}
    if not wanted:
        return
    held = {key for key, record in breakers.sick().items() if record.override is not None}
    if breakers.records.is_local or wanted <= held:
        return
    for name, value, seconds, by, reason in shared_rows(_HOLDS):
        if name in wanted - held:
            breakers.force(name, State(value), seconds=seconds, by=by, reason=reason)
            log_event("breaker.held_again", level=logging.WARNING, breaker=name, state=value)


def current_mode() -> ModeOverride | None:
    """The mode that a person has set and that still holds; one statement, in any scope."""
    rows = shared_rows(_CURRENT)
    if not rows:
        return None
    value, until, by, reason = rows[0]
    return ModeOverride(mode=Mode[value.upper()], until=until, by=by, reason=reason)


class OverrideWatch:
    """Keeps one controller in step with the table."""

    def __init__(self, modes: DegradationController) -> None:
        """Nothing runs yet."""
        self._modes = modes
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a daemon thread. A second call does nothing."""
        if self._thread is None:
            self._thread = repeat(self._step, every=SECONDS, name="mode")

    def look(self) -> None:
        """Read once; a database that is away changes nothing."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        try:
            with use(ExecutionContext(actor=system_actor("mode"), deadline=deadline)):
                self._modes.set_override(current_mode())
                hold_again(registry())
        except (DatabaseError, InterfaceError) as error:
            log_event("mode.unread", level=logging.DEBUG, error=type(error).__name__)
        finally:
            self._modes.feed({})

    def _step(self) -> None:
        try:
            self.look()
        finally:
            connections.close_all()


@cache
def watch() -> OverrideWatch:
    """The watch of this process."""
    return OverrideWatch(controller())
