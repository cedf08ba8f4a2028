"""Repositories: small Protocols where two implementations live, and a wrapper that traces any of them.

For models the QuerySet is the repository. A Protocol is worth its lines where storage may change under an unchanged
domain (event store, snapshots, breaker state, caches of read models). Composition, not inheritance: `traced(store)`
adds spans to an object that knows nothing of tracing.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Final, Protocol, TypeVar, cast

from rustok import context, telemetry

K_contra = TypeVar("K_contra", contravariant=True)
T = TypeVar("T")
R = TypeVar("R")


class Repository(Protocol[K_contra, T]):
    """Keeps things under keys."""

    def get(self, key: K_contra) -> T:
        """Return the thing or raise NotFound."""

    def find(self, key: K_contra) -> T | None:
        """Return the thing or None."""

    def save(self, thing: T) -> None:
        """Insert or replace."""

    def delete(self, key: K_contra) -> None:
        """Forget the thing; unknown keys are no error."""


class AsyncRepository(Protocol[K_contra, T]):
    """`Repository` for event loops."""

    async def get(self, key: K_contra) -> T:
        """Return the thing or raise NotFound."""

    async def find(self, key: K_contra) -> T | None:
        """Return the thing or None."""

    async def save(self, thing: T) -> None:
        """Insert or replace."""

    async def delete(self, key: K_contra) -> None:
        """Forget the thing; unknown keys are no error."""


class Span(Protocol):
    """Receives one finished call: `repository.method`, seconds, the error's class name or None, the trace id."""

    def __call__(self, name: str, seconds: float, error: str | None, trace_id: str) -> None:
        """Take note. Must not raise."""


_METHODS: Final = ("get", "find", "save", "delete")


class _Traced:
    """The wrapper behind `traced`: wraps the four verbs, passes everything else through."""

    def __init__(self, inner: object, name: str, span: Span | None, verbs: Sequence[str]) -> None:
        self._inner = inner
        for verb in verbs:
            method, title = getattr(inner, verb), f"{name}.{verb}"
            setattr(self, verb, _inside(method, title) if span is None else _observed(method, title, span))

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._inner, attribute)


def traced(repository: R, *, span: Span | None = None, name: str = "", verbs: Sequence[str] = _METHODS) -> R:
    """Return the repository with a span around each of its verbs, sync or async. Costs about a microsecond a call.

    The spans are those of `rustok.telemetry.span`, or `span` is told of each call instead.
    """
    return cast("R", _Traced(repository, name or type(repository).__name__, span, verbs))


def _inside(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(method):
        return telemetry.traced(name)(method)

    @wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        with telemetry.span(name):
            return await method(*args, **kwargs)

    return call


def _observed(method: Callable[..., Any], name: str, span: Span) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):
        return _observed_async(method, name, span)

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        started, error = time.perf_counter(), None
        try:
            return method(*args, **kwargs)
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            span(name, time.perf_counter() - started, error, context.trace_id())

    return call


def _observed_async(method: Callable[..., Awaitable[Any]], name: str, span: Span) -> Callable[..., Any]:
    @wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        started, error = time.perf_counter(), None
        try:
            return await method(*args, **kwargs)
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            span(name, time.perf_counter() - started, error, context.trace_id())

    return call
