"""Cursors that bind their session before each statement.

A cursor may outlive the scope it was opened in, or be used again after an inner scope moved the session: the check
belongs to the statement, not to the cursor.
"""

from __future__ import annotations

import time
from typing import Any

from django.db.backends.postgresql.base import CursorDebugWrapper
from django.db.backends.utils import CursorWrapper

from rustok.db.attribution import attributed, concerns
from rustok.telemetry import statements


class _Bound:
    """Mixin over Django's cursor wrappers: bind, then do as they do."""

    db: Any
    cursor: Any

    def execute(self, statement: Any, params: Any = None) -> Any:
        """Run one statement in the active scope."""
        self.db.bind()
        started = time.perf_counter()
        try:
            if concerns(statement):
                with attributed(self.db):
                    return super().execute(statement, params)  # type: ignore[misc]  # the mixin's other base has it
            return super().execute(statement, params)  # type: ignore[misc]  # the mixin's other base has it
        finally:
            statements.seen(statement, started)

    def executemany(self, statement: Any, param_list: Any) -> Any:
        """Run one statement many times in the active scope."""
        self.db.bind()
        if concerns(statement):
            with attributed(self.db):
                return super().executemany(statement, param_list)  # type: ignore[misc]  # the mixin's other base has it
        return super().executemany(statement, param_list)  # type: ignore[misc]  # as above

    def callproc(self, procname: str, params: Any = None, kparams: Any = None) -> Any:
        """Call a function in the active scope."""
        self.db.bind()
        return super().callproc(procname, params, kparams)  # type: ignore[misc]  # as above


class ScopedCursor(_Bound, CursorWrapper):
    """Django's plain cursor wrapper, bound."""

    def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """COPY in the active scope (psycopg's context manager)."""
        self.db.bind()
        return self.cursor.copy(statement, *args, **kwargs)


class ScopedDebugCursor(_Bound, CursorDebugWrapper):
    """Django's logging cursor wrapper, bound."""

    def copy(self, statement: Any) -> Any:
        """COPY in the active scope, logged."""
        self.db.bind()
        return super().copy(statement)
