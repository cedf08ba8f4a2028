"""The records of circuit breakers in PostgreSQL, for installations that trust it more than their Valkey.

On a connection of its own: the state of a dependency must not be rolled back with somebody's transaction, and a busy
pool must not hide it. Every answer is due within `SECONDS`; then the process decides alone (a frozen server, trap 56).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import psycopg

from rustok.config import config
from rustok.db.deadlines import DeadlineConnection
from rustok.errors.families import ExternalServiceTimeout
from rustok.resilience.circuit_breaker.core import Record
from rustok.resilience.circuit_breaker.store import Held, StoreUnavailable, dump, load
from rustok.resilience.timeout import call_within, limited

SECONDS: Final = 0.5
_NOW: Final = "extract(epoch FROM clock_timestamp())::float8"


class PostgresBreakerStore:
    """One row per sick breaker; every method is one statement."""

    def __init__(self, url: str = "") -> None:
        """Connect at the first question."""
        self._url = url or config().database_url.get_secret_value()
        self._lock = threading.Lock()
        self._connection: DeadlineConnection | None = None

    def read(self, key: str) -> Held:
        """The record and the server's clock."""
        [(raw, now)] = self._ask(
            f"SELECT (SELECT record FROM public.operations_breaker WHERE key = %s), {_NOW}",  # noqa: S608 - a constant
            [key],
        )
        return Held(load(bytes(raw or b"")), bytes(raw or b""), now)

    def swap(self, key: str, token: bytes, record: Record) -> bool:
        """Write or remove the row if it is still what was read."""
        raw = dump(record)
        if not token and not raw:
            return True
        if not token:
            statement = (
                "INSERT INTO public.operations_breaker (key, record) VALUES (%(key)s, %(raw)s)"
                " ON CONFLICT (key) DO NOTHING RETURNING 1"
            )
        elif raw:
            statement = (
                "UPDATE public.operations_breaker SET record = %(raw)s"
                " WHERE key = %(key)s AND record = %(token)s RETURNING 1"
            )
        else:
            statement = "DELETE FROM public.operations_breaker WHERE key = %(key)s AND record = %(token)s RETURNING 1"
        return bool(self._ask(statement, {"key": key, "token": token, "raw": raw}))

    def everything(self) -> tuple[Mapping[str, Record], float]:
        """All rows and the server's clock."""
        rows = self._ask(
            f"SELECT row.key, row.record, {_NOW} FROM (SELECT 1) one LEFT JOIN public.operations_breaker row ON true"  # noqa: S608 - a constant
        )
        return {key: load(bytes(raw)) for key, raw, _now in rows if key is not None}, rows[0][2]

    def _ask(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self._lock, limited(SECONDS) as left:
            try:
                return self._opened(left).execute(statement.encode(), parameters).fetchall()
            except (psycopg.Error, ExternalServiceTimeout) as error:
                self._drop()
                raise StoreUnavailable(type(error).__name__) from error

    def _opened(self, seconds: float = SECONDS) -> DeadlineConnection:
        """The driver waits two seconds for a server at least, so connecting has a thread that can be left behind."""
        if self._connection is None or self._connection.closed:
            self._connection = call_within(seconds, self._connect)
        return self._connection

    def _connect(self) -> DeadlineConnection:
        return DeadlineConnection.connect(
            self._url, autocommit=True, connect_timeout=2, application_name="rustok-breakers"
        )

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
