"""What tables exist in the schema of the active scope, and only there."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql.introspection import DatabaseIntrospection


class ScopedIntrospection(DatabaseIntrospection):
    """Django's introspection with the shared schema out of sight, so that migrations judge each schema by itself."""

    connection: Any

    def get_table_list(self, cursor: Any) -> Any:
        """Tables and views of the schema."""
        with self.connection.own_schema_only():
            return super().get_table_list(cursor)

    def get_table_description(self, cursor: Any, table_name: str) -> Any:
        """Columns of a table."""
        with self.connection.own_schema_only():
            return super().get_table_description(cursor, table_name)

    def get_sequences(self, cursor: Any, table_name: str, table_fields: Any = ()) -> Any:
        """Sequences of a table."""
        with self.connection.own_schema_only():
            return super().get_sequences(cursor, table_name, table_fields)

    def get_relations(self, cursor: Any, table_name: str) -> Any:
        """Foreign keys of a table."""
        with self.connection.own_schema_only():
            return super().get_relations(cursor, table_name)

    def get_constraints(self, cursor: Any, table_name: str) -> Any:
        """Constraints and indexes of a table."""
        with self.connection.own_schema_only():
            return super().get_constraints(cursor, table_name)
