"""`dependency("name")`: every outbound call goes through it, so that a sick neighbour cannot make us sick.

    dependency("payments", key=tenant_id).call(provider.capture, amount)

    with dependency("parcels", key=tenant_id, target=host).guard() as call:   # raises CircuitOpen, BulkheadFull
        sent = sender.send(message, timeout=call.seconds)
        if not sent.succeeded:
            call.failed()

From the outside in: retry (only where the configuration gives more than one attempt, and only for calls that are safe
to repeat), bulkhead, breaker, deadline. Breakers are per dependency, tenant and target and shared by all processes;
bulkhead and retry budget are per dependency and process. Configured by `RUSTOK_DEPENDENCIES`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final, ParamSpec, TypeVar

from rustok.config import DependencySettings, config
from rustok.db.repository import traced
from rustok.errors import DomainError, Kind
from rustok.ports import breaker_table
from rustok.resilience.bulkhead import Bulkhead
from rustok.resilience.circuit_breaker import BreakerStore, CircuitBreaker, Policy, RedisStore, Registry
from rustok.resilience.circuit_breaker.breaker import Guard
from rustok.resilience.retry import Retry, RetryBudget, RetryPolicy
from rustok.resilience.timeout import await_within, limited

P = ParamSpec("P")
R = TypeVar("R")

DEFAULTS: Final = {
    "payments": DependencySettings(window="count", slow_seconds=3.0, slow_rate=0.8, open_seconds=30.0),
    "broker": DependencySettings(timeout=2.0, concurrent=8, concurrent_wait=0.0, failures=3, open_seconds=5.0),
    "oidc": DependencySettings(),
}
"""The dependencies that the platform has, with what differs from the reference; the configuration wins.

Receivers of webhooks and outbound brokers are none: each has a pause of its own (`apps.events.relay`).
"""
_OUR_FAULT: Final = frozenset({Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.INTERNAL})


def speaks_against(error: BaseException) -> bool:
    """Whether an error means that the dependency is sick: a typed refusal (card declined) is an answer."""
    return error.retryable or error.kind in _OUR_FAULT if isinstance(error, DomainError) else True


@dataclass(slots=True)
class OneCall:
    """A guarded block. `seconds` is how long it may take; say `failed()` for a failure that raises nothing."""

    seconds: float
    _guard: Guard

    def failed(self) -> None:
        """Count this call against the dependency."""
        self._guard.failed()


@dataclass(frozen=True, slots=True)
class Dependency:
    """One neighbour as one tenant sees it. Cheap to make; the parts are kept by name."""

    name: str
    timeout: float
    breaker: CircuitBreaker
    bulkhead: Bulkhead
    retry: Retry

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run with every guard; raises CircuitOpen, BulkheadFull, or what the function raises last."""
        if self.retry.policy.attempts == 1:
            return self._once(function, *args, **kwargs)
        return self.retry.call(self._once, function, *args, **kwargs)

    async def call_async(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """As `call` for coroutine functions; the timeout cancels, and raises ExternalServiceTimeout."""

        async def once() -> R:
            async with self.guard_async() as one:
                return await await_within(one.seconds, function(*args, **kwargs), service=self.name)

        return await self.retry.call_async(once)

    @contextmanager
    def guard(self) -> Iterator[OneCall]:
        """Bulkhead, breaker and deadline around a block; nothing is repeated."""
        with self.bulkhead, self.breaker.guard() as guard, limited(self.timeout) as seconds:
            yield OneCall(seconds, guard)

    @asynccontextmanager
    async def guard_async(self) -> AsyncIterator[OneCall]:
        """As `guard`, for `async with`."""
        async with self.bulkhead, self.breaker.guard() as guard:
            with limited(self.timeout) as seconds:
                yield OneCall(seconds, guard)

    def _once(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.bulkhead, limited(self.timeout):
            return self.breaker.call(function, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: DependencySettings
    policy: Policy
    bulkhead: Bulkhead
    retry: Retry


@cache
def registry() -> Registry:
    """The breakers of this process, with the store that the configuration names.

    What a sick breaker asks the store is seen in the trace of the call that had to ask; a healthy one asks nothing.
    """
    kind = config().breaker_store
    if kind == "local":
        return Registry(None)
    store: BreakerStore = breaker_table() if kind == "postgresql" else RedisStore(config().redis_url.get_secret_value())
    return Registry(traced(store, name="breakers", verbs=("read", "swap")))


def settings_of(name: str) -> DependencySettings:
    """The guards of a dependency as configured; unknown names get the reference's values."""
    default, wanted = DEFAULTS.get(name, DependencySettings()), config().dependencies.get(name)
    if wanted is None:
        return default
    return default.model_copy(update={member: getattr(wanted, member) for member in wanted.model_fields_set})


def policy_of(settings: DependencySettings) -> Policy:
    """The breaker's part. A lease outlasts the longest probe by half."""
    return Policy(
        window=settings.window,
        failures=settings.failures,
        successes=settings.successes,
        open_seconds=settings.open_seconds,
        size=settings.size,
        minimum_calls=min(settings.minimum_calls, settings.size)
        if settings.window == "count"
        else settings.minimum_calls,
        failure_rate=settings.failure_rate,
        slow_rate=settings.slow_rate,
        slow_seconds=settings.slow_seconds or float("inf"),
        lease_seconds=settings.timeout * 1.5 + 1.0,
    )


@cache
def _parts(name: str) -> _Parts:
    settings = settings_of(name)
    retry = RetryPolicy(
        attempts=settings.attempts,
        strategy=settings.retry_strategy,
        base=settings.retry_base,
        cap=max(settings.retry_cap, settings.retry_base),
        jitter=settings.retry_jitter,
    )
    return _Parts(
        settings=settings,
        policy=policy_of(settings),
        bulkhead=Bulkhead(name, concurrent=settings.concurrent, wait=settings.concurrent_wait),
        retry=Retry(retry, budget=RetryBudget(share=settings.retry_budget)),
    )


def dependency(name: str, *, key: object = "", target: str = "") -> Dependency:
    """The guarded dependency; `key` is the tenant (or nothing: shared by all), `target` one of its destinations."""
    parts = _parts(name)
    place = ":".join(filter(None, (str(key), target)))
    breaker = registry().breaker(name, policy=parts.policy, key=place, is_failure=speaks_against)
    return Dependency(name, parts.settings.timeout, breaker, parts.bulkhead, parts.retry)


def forget() -> None:
    """Forget every breaker, bulkhead and budget of this process; for tests that change the configuration."""
    if registry.cache_info().currsize:
        registry().stop()
    registry.cache_clear()
    _parts.cache_clear()
