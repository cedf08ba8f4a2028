"""Who is acting, for which tenant, on behalf of which request: one immutable value in a ContextVar.

Everything downstream of a door reads it; nothing downstream reads headers. Only `apps.tenants.isolation` changes the
tenant. A new thread or task starts without a context and is refused by the database backend until it opens a scope.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from rustok.grants import holds

PUBLIC_SCHEMA: Final = "public"


@dataclass(frozen=True, slots=True)
class Trace:
    """W3C Trace Context (https://www.w3.org/TR/trace-context/): ids in lower-case hex.

    `parent_id` is the span that this one belongs to, "" for a root; `baggage` is W3C Baggage in its header form.
    """

    trace_id: str
    span_id: str
    sampled: bool = True
    tracestate: str = ""
    random: bool = False
    baggage: str = ""
    parent_id: str = ""

    @classmethod
    def new(cls, *, sampled: bool = True, baggage: str = "") -> Trace:
        """A new root."""
        return cls(secrets.token_hex(16), secrets.token_hex(8), sampled=sampled, baggage=baggage)

    def child(self) -> Trace:
        """The same trace with a span id of its own."""
        return self.within(secrets.token_hex(8))

    def within(self, span_id: str) -> Trace:
        """The same trace in a span that belongs to this one."""
        return Trace(
            self.trace_id,
            span_id,
            sampled=self.sampled,
            tracestate=self.tracestate,
            random=self.random,
            baggage=self.baggage,
            parent_id=self.span_id,
        )

    @property
    def traceparent(self) -> str:
        """The header value, version 00. Flags: sampled, and the caller's promise of a random trace id (level 2)."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled | self.random << 1:02x}"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `kind` is user, api_key, system or anonymous; `id` is stable, `label` is for people."""

    kind: str
    id: str
    label: str

    @property
    def reference(self) -> str:
        """`kind:id`, as stored in history, events and audit."""
        return f"{self.kind}:{self.id}"


ANONYMOUS: Final = Actor("anonymous", "-", "anonymous")


def system_actor(name: str) -> Actor:
    """The actor of machine work, by the name of the machine part."""
    return Actor("system", name, name)


Overrides = tuple[tuple[str, Any], ...]
"""Knobs of the configuration that operators set for one tenant (`rustok.tenant_config`), by name."""


@dataclass(frozen=True, slots=True)
class TenantRef:
    """The facts about a tenant that requests need, without a model instance. Safe to cache and share."""

    id: UUID
    slug: str
    name: str
    schema: str
    status: str = "active"
    strategy: str = "schema"
    locale: str = "en"
    host: str = ""
    overrides: Overrides = ()


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """One unit of work's circumstances. `deadline` is on the `time.monotonic` clock, in seconds.

    `groups` are the roles of the actor, for targeting; they grant nothing. `memo` is what one request or task remembers
    while it runs: every context derived from it shares the same dict, the next request starts with an empty one.
    """

    tenant: TenantRef | None = None
    platform: bool = False
    actor: Actor = ANONYMOUS
    permissions: frozenset[str] = frozenset()
    request_id: str = ""
    trace: Trace = field(default_factory=Trace.new)
    locale: str = "en"
    deadline: float | None = None
    address: str = ""
    groups: frozenset[str] = frozenset()
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def allows(self, permission: str) -> bool:
        """Whether `resource:action` is granted for all rows; asked as `resource:action:own`, for the actor's own ones.

        Rows are asked about through `rustok.policy`; this is the question of those who hand grants on.
        """
        return holds(self.permissions, permission)

    @property
    def schema(self) -> str | None:
        """The schema that statements run in, or None outside every scope."""
        if self.tenant is not None:
            return self.tenant.schema
        return PUBLIC_SCHEMA if self.platform else None

    def within(self, trace: Trace) -> ExecutionContext:
        """The same circumstances inside another span; a fifth of the cost of `replace`."""
        return ExecutionContext(
            self.tenant,
            self.platform,
            self.actor,
            self.permissions,
            self.request_id,
            trace,
            self.locale,
            self.deadline,
            self.address,
            self.groups,
            self.memo,
        )

    def remaining(self) -> float | None:
        """Seconds until the deadline (never negative), or None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


NO_MEMO: Final[dict[str, Any]] = {}
"""The memo of contexts that no door has opened. They live as long as the process: nothing may be remembered there."""
UNTRACED: Final = Trace("0" * 32, "0" * 16, sampled=False)
"""What stands where no trace is active (ids of only zeros are not valid)."""
_EMPTY: Final = ExecutionContext(trace=UNTRACED, memo=NO_MEMO)
_current: ContextVar[ExecutionContext] = ContextVar("rustok_context", default=_EMPTY)


def current() -> ExecutionContext:
    """The active context; outside every door an empty one without tenant, actor or permission."""
    return _current.get()


def trace_id() -> str:
    """The active trace id, 32 hex digits."""
    return _current.get().trace.trace_id


def enter(context: ExecutionContext) -> Token[ExecutionContext]:
    """`use` without the block, for classes that are blocks themselves; give the answer to `leave`, in any case."""
    return _current.set(context)


def leave(token: Token[ExecutionContext]) -> None:
    """Restore what `enter` replaced."""
    _current.reset(token)


@contextmanager
def use(context: ExecutionContext) -> Iterator[ExecutionContext]:
    """Make `context` the active one inside the block and restore the previous one after it."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


@contextmanager
def amended(**changes: Any) -> Iterator[ExecutionContext]:
    """`use` with some fields of the active context changed."""
    with use(replace(_current.get(), **changes)) as changed:
        yield changed


def install(context: ExecutionContext) -> None:
    """Replace the active context until the enclosing `use` ends; for doors that learn the actor while they run."""
    _current.set(context)
