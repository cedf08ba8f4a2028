"""Counting SQL statements the way the requirement counts them: transaction control is free, everything else is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

# Asked again when a second or two have passed, whatever is measured meanwhile: which tenants changed, and two policies.
_BY_THE_CLOCK = (
    "FROM public.tenants_tenantchange WHERE revision >",
    "FROM security_trustpolicy",
    'FROM "security_identitypolicy"',
)
_CONTROL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET CONSTRAINTS)\b", re.IGNORECASE)


@contextmanager
def counted(*, by_the_clock: bool = False) -> Iterator[list[str]]:
    """The statements of the block, filled in when it ends; those that go by the clock only when asked for."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield statements
    sent = (query["sql"] for query in captured.captured_queries)
    statements += [text for text in sent if not _CONTROL.match(text) and (by_the_clock or not _is_by_the_clock(text))]


def _is_by_the_clock(statement: str) -> bool:
    return any(part in statement for part in _BY_THE_CLOCK)


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Fail when the block needs more than `limit` statements, and show them."""
    with counted() as statements:
        yield
    assert len(statements) <= limit, "\n".join(statements)
