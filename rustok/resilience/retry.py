"""Trying again: with growing, jittered waits, within a deadline, out of a budget, and only what is worth it (trap 39).

An error is worth another attempt when its *type* says so: `DomainError.retryable`, or one of the listed classes. Its
`retry_after` (seconds) is a lower bound of the wait. The budget is a share of all calls: when a dependency is down for
everybody, attempts add a tenth to its load, and not a multiple.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from rustok import context
from rustok.errors import DomainError
from rustok.errors.resilience import BulkheadFull, CircuitOpen

P = ParamSpec("P")
R = TypeVar("R")

NEVER: Final = (CircuitOpen, BulkheadFull)
"""Our own refusals: asking again at once is what they are there to prevent."""
LONGEST_SECONDS: Final = 60.0
"""Where no deadline holds, who is asked to wait longer (and longer than twice the policy's cap) gives up instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when. Waits are in seconds: `base` after the first failure, never more than `cap`.

    `strategy` is `fixed` (base), `linear` (base x n) or `exponential` (base x 2^(n-1)); `jitter` is the share by which
    a wait is shortened or lengthened at random. `attempts` counts the first one: 1 means no retry.
    """

    attempts: int = 3
    strategy: str = "exponential"
    base: float = 0.2
    cap: float = 5.0
    jitter: float = 0.1
    retryable: tuple[type[BaseException], ...] = (ConnectionError, TimeoutError)

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.strategy not in {"fixed", "linear", "exponential"}:
            raise ValueError(f"no such strategy: {self.strategy}")
        if self.attempts < 1 or self.base <= 0 or self.cap < self.base or not 0 <= self.jitter <= 1:
            raise ValueError("attempts start at 1, base is above 0, cap at least base, jitter between 0 and 1")

    def wait(self, failures: int, *, chance: float = 0.5, asked: float | None = None) -> float:
        """Seconds before the next attempt. `chance` in [0, 1): 0.5 is the middle; `asked` is a `Retry-After`."""
        growth = {"fixed": 1.0, "linear": float(failures), "exponential": 2.0 ** min(failures - 1, 60)}[self.strategy]
        plain = min(self.cap, self.base * growth)
        return max(plain * (1 + self.jitter * (2 * chance - 1)), asked or 0.0)

    def is_retryable(self, error: BaseException) -> bool:
        """Whether this type of error is worth another attempt."""
        if isinstance(error, NEVER):
            return False
        if isinstance(error, DomainError):
            return error.retryable
        return isinstance(error, self.retryable)


REFERENCE: Final = RetryPolicy()


class RetryBudget:
    """Tokens: each call earns `share` of one, up to `most`; each retry costs one. Thread-safe."""

    def __init__(self, *, share: float = 0.1, most: float = 10.0) -> None:
        """Start full."""
        self._share, self._most, self._tokens = share, most, most
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A first attempt was made."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + self._share)

    def spend(self) -> bool:
        """Whether one more attempt is affordable."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Retry:
    """A policy with a budget. `call` and `call_async` re-raise the last error when they give up."""

    def __init__(
        self,
        policy: RetryPolicy = REFERENCE,
        *,
        budget: RetryBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """One budget per dependency: share the instance."""
        self.policy, self._budget = policy, budget or RetryBudget()
        self._sleep, self._chance = sleep, chance

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run until it succeeds or trying again makes no sense. The function must be safe to repeat."""
        self._budget.earn()
        failures = 0
        while True:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                failures += 1
                wait = self._wait(failures, error)
                if wait is None:
                    raise
            self._sleep(wait)

    async def call_async(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """As `call`, for coroutine functions."""
        self._budget.earn()
        failures = 0
        while True:
            try:
                return await function(*args, **kwargs)
            except Exception as error:
                failures += 1
                wait = self._wait(failures, error)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    def _wait(self, failures: int, error: Exception) -> float | None:
        """Seconds to wait, or None to give up: attempts, type, deadline and budget are asked in this order."""
        if failures >= self.policy.attempts or not self.policy.is_retryable(error):
            return None
        asked = getattr(error, "retry_after", None)
        wait = self.policy.wait(failures, chance=self._chance(), asked=asked)
        left = context.current().remaining()
        if left is None:  # what another side asks for must not hold a thread for hours
            left = max(LONGEST_SECONDS, 2 * self.policy.cap)
        if wait >= left:
            return None
        return wait if self._budget.spend() else None
