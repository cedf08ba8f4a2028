"""Constraints of the database are the truth; here their refusals get back a meaning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from psycopg import Error as DriverError
from psycopg.errors import UniqueViolation

from rustok.errors.families import DuplicateEntry


def violated(error: IntegrityError) -> str:
    """The name of the violated constraint, or an empty text."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, DriverError) else ""


@contextmanager
def unique(resource: str, value: str) -> Iterator[None]:
    """Turn a unique violation inside the block into DuplicateEntry. The transaction is lost either way."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise DuplicateEntry(resource=resource, value=value) from None
        raise
