"""What the stages know and learn about one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.security.zero_trust.rules import Rules
from rustok.api.declaration import Declaration
from rustok.context import Actor, ExecutionContext, TenantRef


@dataclass(frozen=True, slots=True)
class Credential:
    """Who proved to be whom: the actor, what it may do, and the tenant it belongs to (None: the platform)."""

    actor: Actor
    permissions: frozenset[str]
    tenant: TenantRef | None


@dataclass(slots=True)
class Admission:
    """The second argument of every stage. `here` is the scope that the host decided; `body` reads the capped bytes."""

    declared: Declaration
    here: ExecutionContext
    rules: Rules
    body: Callable[[], bytes]
    credential: Credential | None = None
    signed_by: Credential | None = None
    headers: dict[str, str] = field(default_factory=dict)
