"""`CircuitBreaker`: guards the calls of this process to one dependency, in step with all other processes.

    breaker.call(send, message)                 # a function
    async with breaker.guard(): ...             # a block; `with` for synchronous code
    @breaker                                    # a decorator, for both kinds of functions

While closed, a call reads two clocks and writes one byte: no store, no allocation beyond the caller's. Only opening,
probing and a person's override speak to the store. Other processes hear of it from the registry's watcher.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, ParamSpec, Self, TypeVar
from uuid import uuid4

from rustok.errors.resilience import CircuitOpen
from rustok.resilience.circuit_breaker.core import (
    Admission,
    Override,
    Policy,
    Record,
    State,
    admitted,
    overridden,
    reset,
    settled,
    tripped,
)
from rustok.resilience.circuit_breaker.metrics import Tally, note_transition
from rustok.resilience.circuit_breaker.shared import SharedRecords
from rustok.resilience.circuit_breaker.windows import FAILED, GOOD, SLOW, Rates, window_of

P = ParamSpec("P")
R = TypeVar("R")

ASK_AGAIN_SECONDS: Final = 0.1
"""How often a process asks whether another one's probe has ended."""
_FREE: Final = Admission(granted=True)


def every_exception(_error: BaseException) -> bool:
    """The default judgement: any exception is the dependency's fault."""
    return True


class CircuitBreaker:
    """One breaker of one process. Thread-safe; made by the registry, which knows its key and keeps it in step."""

    def __init__(
        self,
        key: str,
        policy: Policy,
        records: SharedRecords,
        *,
        service: str = "",
        is_failure: Callable[[BaseException], bool] = every_exception,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_failure` says whether an exception speaks against the dependency. `clock` is monotonic, in seconds."""
        self.key, self.policy, self.service = key, policy, service or key
        self.tally = Tally()
        self.changes = 0
        self._records, self._is_failure, self._clock = records, is_failure, clock
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._window = window_of(policy)
        self._slow = policy.slow_seconds
        self._record = Record()
        self._closed, self._generation = True, 0
        self._refuse_until = self._end_of_wait = 0.0

    # -- calling

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function, or raise CircuitOpen without running it. Its exceptions pass unchanged."""
        admission = _FREE if self._closed else self._admit()
        generation, started = self._generation, self._clock()
        try:
            answer = function(*args, **kwargs)
        except BaseException as error:
            self._ended(admission, generation, started, error)
            raise
        if admission is _FREE:
            self._passed(generation, started)
        else:
            self._ended(admission, generation, started, None)
        return answer

    async def call_async(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """`call` for coroutine functions; the store is asked in a thread, and only when the breaker is not closed."""
        async with self.guard():
            return await function(*args, **kwargs)

    def guard(self) -> Guard:
        """A context manager around one call, for `with` and `async with`."""
        return Guard(self)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function or a coroutine function."""
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.call_async(function, *args, **kwargs)

            return guarded  # type: ignore[return-value]  # a coroutine function for a coroutine function

        call = self.call

        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            return call(function, *args, **kwargs)

        return wrapper

    # -- what people do

    def force(self, state: State, *, seconds: float, by: str = "", reason: str = "") -> None:
        """Hold the breaker open or closed for so long, whatever happens."""
        if state is State.HALF_OPEN or seconds <= 0:
            raise ValueError("a breaker is forced open or closed, for a time above 0")

        def change(record: Record, now: float) -> Record:
            return overridden(record, Override(state=state, until=now + seconds, by=by, reason=reason))

        self._change(change)

    def reset(self) -> None:
        """Closed, with nothing remembered: counters, override, wait."""
        self._change(reset)
        with self._lock:
            self._generation += 1
            self._window.clear()

    @property
    def state(self) -> State:
        """The state as this process sees it."""
        return self._record.effective(self._records.now())

    @property
    def record(self) -> Record:
        """What this process last heard of the shared record."""
        return self._record

    def rates(self) -> Rates:
        """What this process's window holds."""
        with self._lock:
            return self._window.rates(self._clock())

    # -- for the registry

    def adopt(self, record: Record, now: float, *, seen_at: int | None = None) -> None:
        """Follow the shared record. `seen_at`: ignore it if this breaker has changed since it was read."""
        with self._lock:
            if seen_at is not None and seen_at != self.changes:
                return
            before, after = self._record.effective(now), record.effective(now)
            changed = (before, self._record.epoch) != (after, record.epoch)
            self._record = record
            self._closed = after is State.CLOSED
            if not self._closed:
                self._wait(record, now)
            if changed:
                self._generation += 1
                self._window.clear()
        if before is not after:
            note_transition(self.service, self.key, before, after)

    # -- inner steps

    def _wait(self, record: Record, now: float) -> None:
        """How long to refuse without asking: until the open time ends; a probe may end at any moment."""
        _same, admission = admitted(record, now, self.policy, "-")
        here = self._clock()
        self._end_of_wait = here + admission.wait
        probing = record.state is State.HALF_OPEN and record.effective(now) is State.HALF_OPEN
        self._refuse_until = here + (min(admission.wait, ASK_AGAIN_SECONDS) if probing else admission.wait)

    def _admit(self) -> Admission:
        """Ask for the probe. One thread asks at a time; the others are refused meanwhile."""
        if self._clock() < self._refuse_until or not self._asking.acquire(blocking=False):
            raise self._refusal()
        try:
            lease = uuid4().hex
            given: list[Admission] = []

            def change(record: Record, now: float) -> Record:
                changed, admission = admitted(record, now, self.policy, lease)
                given[:] = [admission]
                return changed

            self._change(change)
        finally:
            self._asking.release()
        if not given[0].granted:
            raise self._refusal()
        return given[0] if given[0].lease else _FREE

    def _refusal(self) -> CircuitOpen:
        with self._lock:
            self.tally.rejected += 1
        return CircuitOpen(service=self.service, retry_after=max(0.1, self._end_of_wait - self._clock()))

    def _passed(self, generation: int, started: float) -> None:
        """Count a success while closed: the hot path, half a microsecond."""
        now = self._clock()
        outcome = SLOW if now - started >= self._slow else GOOD
        with self._lock:
            self.tally.succeeded += 1
            opens = generation == self._generation and self._window.add(outcome, now)
            if outcome:
                self.tally.slow += 1
        if opens:
            self._trip()

    def _ended(self, admission: Admission, generation: int, started: float, error: BaseException | None) -> None:
        now = self._clock()
        ours = isinstance(error, Exception)  # a cancelled call says nothing about the dependency
        failed = error is not None and ours and (isinstance(error, CallFailed) or self._is_failure(error))
        neutral = error is not None and not ours
        slow = now - started >= self._slow
        with self._lock:
            self.tally.count(failed=failed, neutral=neutral, slow=slow)
            opens = (
                not (neutral or admission.lease)
                and generation == self._generation
                and self._window.add(FAILED * failed + SLOW * slow, now)
            )
        if admission.lease:
            succeeded = None if neutral else not (failed or slow)
            self._change(lambda record, at: settled(record, at, self.policy, admission, succeeded=succeeded))
        elif opens:
            self._trip()

    def _trip(self) -> None:
        held = self._record.override
        if held is not None and self._records.now() < held.until:
            return  # a person holds it closed: every further failure would ask the store for nothing
        self._change(lambda record, now: tripped(record, now, self.policy))

    def _change(self, change: Callable[[Record, float], Record]) -> None:
        with self._lock:
            self.changes += 1
        held = self._records.update(self.key, change, known=self._record)
        self.adopt(held.record, held.now)


class CallFailed(Exception):
    """Stands for a failure that was said with `Guard.failed` instead of raised."""


class Guard:
    """One guarded block; made by `CircuitBreaker.guard`, used once."""

    __slots__ = ("_admission", "_breaker", "_failure", "_generation", "_started")

    def __init__(self, breaker: CircuitBreaker) -> None:
        """Nothing is asked yet."""
        self._breaker = breaker
        self._failure: CallFailed | None = None

    @property
    def is_probe(self) -> bool:
        """Whether this call finds out, for all processes, if the dependency is well again."""
        return bool(self._admission.lease)

    def failed(self) -> None:
        """Count this call as failed although it raises nothing."""
        self._failure = CallFailed()

    def __enter__(self) -> Self:
        """Admit or raise CircuitOpen."""
        breaker = self._breaker
        self._admission = _FREE if breaker._closed else breaker._admit()
        self._generation, self._started = breaker._generation, breaker._clock()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Count what became of it."""
        if error is None and self._failure is None and self._admission is _FREE:
            self._breaker._passed(self._generation, self._started)
            return
        self._breaker._ended(self._admission, self._generation, self._started, error or self._failure)

    async def __aenter__(self) -> Self:
        """As `__enter__`, the store asked in a thread."""
        return self.__enter__() if self._breaker._closed else await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """As `__exit__`; a cancelled task still gives its lease back."""
        if not self._admission.lease:
            self.__exit__(_kind, error, _traceback)
            return
        await asyncio.shield(asyncio.to_thread(self.__exit__, _kind, error, _traceback))
