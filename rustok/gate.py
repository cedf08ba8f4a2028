"""The gate port: every REST request passes it between routing and handler. Who stands there is an app's business.

Stages, limits and signatures live in `apps.security.zero_trust`; the kernel only says when it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from django.http import HttpRequest

from rustok.context import ExecutionContext
from rustok.errors import DomainError
from rustok.operations import Operation

if TYPE_CHECKING:
    from rustok.api.declaration import Declaration


class Gate(Protocol):
    """Port: lets a request in, or raises the error that says why not."""

    def admit(self, request: HttpRequest, declared: Declaration, body: Callable[[], bytes]) -> ExecutionContext:
        """The context with actor and permissions, installed as the current one. `body` reads the capped bytes once."""

    def refused(self, request: HttpRequest, declared: Declaration | Operation, error: DomainError) -> None:
        """Take note of a refusal, by the gate, by whoever stands behind it, or by the console. Never raises."""

    def headers(self, request: HttpRequest) -> dict[str, str]:
        """What the answer has to tell the caller beyond its content, such as what is left of a limit."""
