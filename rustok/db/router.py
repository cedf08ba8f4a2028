"""The database router: one alias today. Its hints tell which row a statement follows: rows are kept to their scope."""

from __future__ import annotations

from typing import Any

from rustok.db.scoped import check_instance


class ScopeGuard:
    """Names no database; refuses rows that were read in another scope (trap 57). First in DATABASE_ROUTERS."""

    def db_for_read(self, _model: type, **hints: Any) -> None:
        """Check the row whose relation or refresh is read."""
        check_instance(hints.get("instance"))

    def db_for_write(self, _model: type, **hints: Any) -> None:
        """Check the row that is saved or deleted."""
        check_instance(hints.get("instance"))
