"""The connection: binds the session to the schema of the active scope before each statement.

Why not stock django-tenants: it keeps the tenant on the connection object, so threads, async code, recursion and
exceptions can leave a connection on the wrong tenant, raw connections from a pool still carry the last tenant, and a
schema that does not exist silently reads `public` (traps 15 and 51).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.asyncio import async_unsafe
from django_tenants.postgresql_backend.base import DatabaseWrapper as SchemaDatabaseWrapper
from django_tenants.postgresql_backend.base import FakeTenant
from psycopg.pq import TransactionStatus

from rustok.config import config
from rustok.context import current
from rustok.db.backend.cursors import ScopedCursor, ScopedDebugCursor
from rustok.db.backend.introspection import ScopedIntrospection
from rustok.db.backend.sessions import (
    bind_session,
    introduce_session,
    is_gone,
    reported_path,
    reset_session,
    search_path,
)
from rustok.db.deadlines import AnswerOverdue, silence
from rustok.db.pool import waiting_once, watch
from rustok.errors.families import DatabaseUnavailable, TenantContextMissing

_UNBOUND: Final = ""
_IDLE: Final = TransactionStatus.IDLE


class DatabaseWrapper(SchemaDatabaseWrapper):  # type: ignore[misc]  # django-tenants publishes no types
    """One thread's connection. Its `schema_name` and `tenant` are read from the context, never stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._sent_path = _UNBOUND
        self._scope_free_depth = 0
        self._own_schema_depth = 0
        self._message_cursor: ScopedCursor | None = None
        super().__init__(*args, **kwargs)
        self.introspection = ScopedIntrospection(self)

    # -- what django-tenants expects of a connection

    @property
    def schema_name(self) -> str | None:
        """The schema of the active scope, None outside every scope."""
        return current().schema

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        if value is not None:
            raise ImproperlyConfigured("open a tenant_scope or platform_scope instead of naming a schema")

    @property
    def tenant(self) -> FakeTenant | None:
        """The active scope in the form that django-tenants' helpers read."""
        schema = current().schema
        return None if schema is None else FakeTenant(schema)

    @tenant.setter
    def tenant(self, value: object) -> None:
        if value is not None:
            raise ImproperlyConfigured("open a tenant_scope or platform_scope instead of setting a tenant")

    def set_tenant(self, *_tenant: object, **_options: object) -> None:
        """Refuse: only scopes choose the schema."""
        raise ImproperlyConfigured("open a tenant_scope or platform_scope instead of set_tenant()")

    def set_schema_to_public(self) -> None:
        """Do nothing: the stock constructor calls it, and there is no state to reset."""

    # -- binding

    def bind(self) -> None:
        """Make the session read the schema of the active scope; costs a round trip only when it changed.

        PostgreSQL 18 reports `search_path` to the client, so that a SET undone by ROLLBACK is seen at once; older
        servers are told again after every rollback. Raises TenantContextMissing, TenantSchemaMissing, and
        DatabaseUnavailable when the context's deadline has passed.
        """
        if self._scope_free_depth or self.connection is None or self.alias == NO_DB_ALIAS:
            return
        context = current()
        schema = context.schema
        if schema is None:
            raise TenantContextMissing
        if context.deadline is not None and not context.remaining():
            raise DatabaseUnavailable
        path = schema if self._own_schema_depth else search_path(schema)
        if self._sent_path == path and reported_path(self.connection) in (None, path):
            return
        self._sent_path = _UNBOUND
        with self.wrap_database_errors:
            bind_session(self.connection, schema, path)
        self._sent_path = path

    @contextmanager
    def scope_free(self) -> Iterator[None]:
        """Let statements pass that no schema matters to: savepoints, constraint modes, fully qualified reads."""
        self._scope_free_depth += 1
        try:
            yield
        finally:
            self._scope_free_depth -= 1

    @contextmanager
    def own_schema_only(self) -> Iterator[None]:
        """Hide the shared schema inside the block: introspection must not take its tables for the tenant's."""
        self._own_schema_depth += 1
        try:
            yield
        finally:
            self._own_schema_depth -= 1

    def _cursor(self, name: str | None = None) -> Any:
        cursor = super(SchemaDatabaseWrapper, self)._cursor(name)
        if current().schema is not None:
            self.bind()  # also for COPY and other calls that bypass the wrapper's execute()
        return cursor

    def message_cursor(self) -> Any:
        """A cursor for statements whose rows nobody reads, kept while the session lasts: not to be closed.

        Making a cursor takes Django and the driver as long as filling in ten values.
        """
        if self.connection is None or self.queries_logged:
            return self.cursor()
        if self._message_cursor is None or self._message_cursor.cursor.connection is not self.connection:
            self._message_cursor = self.make_cursor(self.create_cursor())
        return self._message_cursor

    def make_cursor(self, cursor: Any) -> ScopedCursor:
        """Wrap a driver cursor so that every statement is bound first."""
        return ScopedCursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> ScopedDebugCursor:
        """As `make_cursor`, with Django's query log."""
        return ScopedDebugCursor(cursor, self)

    def _savepoint(self, sid: str) -> None:
        with self.scope_free():
            super()._savepoint(sid)

    def _savepoint_commit(self, sid: str) -> None:
        with self.scope_free():
            super()._savepoint_commit(sid)

    def _savepoint_rollback(self, sid: str) -> None:
        self._sent_path = _UNBOUND
        with self.scope_free():
            super()._savepoint_rollback(sid)

    def check_constraints(self, table_names: Any = None) -> None:
        """Check deferred constraints of whatever the session touched; needs no scope."""
        with self.scope_free():
            super().check_constraints(table_names)

    # -- session life

    @property
    def pool(self) -> Any:
        """The process's pool. Connections come back to it with a closed search path."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if isinstance(options, dict):
            options.setdefault("reset", reset_session)
        return super().pool

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, or take from the pool a session whose server is still there. Its path is not known yet."""
        self._sent_path = _UNBOUND
        if not self.pool:
            return super().get_new_connection(conn_params)
        if silence.is_on:
            raise AnswerOverdue("the server answers nobody")
        with waiting_once():
            connection = super().get_new_connection(conn_params)
            while is_gone(connection):  # ends: the pool replaces what it gets back broken, or times out
                self.pool.putconn(connection)
                connection = super().get_new_connection(conn_params)
        watch(self.pool, health_interval=config().database_pool_health_interval)
        return connection

    def _configure_connection(self, connection: Any) -> bool:
        """Close the search path of a new session, so that raw use before any scope finds no table."""
        super()._configure_connection(connection)
        introduce_session(connection)
        return True

    def _set_autocommit(self, autocommit: bool) -> None:
        """Told to the driver alone, which says BEGIN with the first statement."""
        with self.wrap_database_errors:
            self.connection.set_autocommit(autocommit)

    def _commit(self) -> None:
        """Commit, unless the last statements carried the COMMIT (`rustok.db.batches`)."""
        session = self.connection
        if session is not None and (self.queries_logged or session.pgconn.transaction_status != _IDLE):
            super()._commit()

    @async_unsafe
    def rollback(self) -> None:
        """Roll back; a SET of this transaction is undone with it."""
        self._sent_path = _UNBOUND
        super().rollback()

    def close(self) -> None:
        """Close or return to the pool."""
        self._sent_path = _UNBOUND
        self._message_cursor = None
        super().close()
