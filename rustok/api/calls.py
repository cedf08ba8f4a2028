"""What an operation is given and what it may give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

from rustok.context import ExecutionContext

B = TypeVar("B")
Q = TypeVar("Q")


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One authorised request with its parsed input. `if_match` is the version named by `If-Match`, or None."""

    request: HttpRequest
    context: ExecutionContext
    body: B
    query: Q
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that needs more than data: another status than the declared one, or headers of its own."""

    data: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
