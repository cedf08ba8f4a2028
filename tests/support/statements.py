"""Counting SQL statements the way the requirement counts them: transaction control is free, everything else is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

# The look for changed tenants: at most once a second and process, by the clock, whatever is asked meanwhile.
_BY_THE_CLOCK = "FROM public.tenants_tenantchange WHERE revision >"
_CONTROL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET CONSTRAINTS)\b", re.IGNORECASE)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of the block, filled in when it ends."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield statements
    sent = (query["sql"] for query in captured.captured_queries)
    statements += [text for text in sent if not _CONTROL.match(text) and _BY_THE_CLOCK not in text]


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Fail when the block needs more than `limit` statements, and show them."""
    with counted() as statements:
        yield
    assert len(statements) <= limit, "\n".join(statements)
