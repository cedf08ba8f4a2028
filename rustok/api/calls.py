"""What an operation is given and what it may give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from rustok.context import ExecutionContext
from rustok.policy import ResourceGuard

B = TypeVar("B")
Q = TypeVar("Q")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One authorised request with its parsed input. `if_match` is the version named by `If-Match`, or None.

    `resource` and `action` are the words of the operation's permission: `order` and `read`.
    """

    request: HttpRequest
    context: ExecutionContext
    body: B
    query: Q
    if_match: int | None = None
    resource: str = ""
    action: str = "read"

    def ensure(self, row: M) -> M:
        """The row, if the caller may do with it what the operation does; else PermissionDenied."""
        return ResourceGuard(row, self.context).ensure(self.action)

    def visible(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Those of the rows with which the caller may do what the operation does."""
        return ResourceGuard(self.resource, self.context).visible(rows, self.action)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that needs more than data: another status than the declared one, or headers of its own."""

    data: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
