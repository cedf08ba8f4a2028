"""`CircuitBreaker`: guards the calls of this process to one dependency, in step with all other processes.

    breaker.call(send, message)                 # a function
    async with breaker.guard(): ...             # a block; `with` for synchronous code
    @breaker                                    # a decorator, for both kinds of functions

While closed and well, a call reads two clocks and counts one: no store, no lock, nothing allocated (less than half a
microsecond). Only opening, probing and a person's override speak to the store. Other processes hear of it from the
registry's watcher.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from itertools import count
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
_NEVER: Final = float("-inf")


def every_exception(_error: BaseException) -> bool:
    """The default judgement: any exception is the dependency's fault."""
    return True


class Era:
    """A stretch between two changes of state; what was begun in an earlier one counts nothing (trap 37).

    A good call that ends before `quiet_until` (monotonic seconds) cannot open the breaker: it need not look at the
    window, only be counted. The window learns of such calls, by their number, before anything else is done with it.
    """

    __slots__ = ("quiet_until",)

    def __init__(self, quiet_until: float = _NEVER) -> None:
        """Loud until the window says otherwise."""
        self.quiet_until = quiet_until


_PROBING: Final = Era()


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
        self.changes = 0
        self._tally = Tally()
        self._records, self._is_failure, self._clock = records, is_failure, clock
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._window = window_of(policy)
        self._slow = policy.slow_seconds
        self._record = Record()
        # The next number of a C iterator: threads count with it and lose nothing, and it costs a third of a lock.
        self._count, self._counted = count().__next__, 0
        self._present = Era(self._window.quiet_until)
        self._era: Era | None = self._present  # None: not closed, so a call has to ask
        self._refuse_until = self._end_of_wait = 0.0

    # -- calling

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function, or raise CircuitOpen without running it. Its exceptions pass unchanged."""
        era, clock = self._era, self._clock
        if era is None:
            with self.guard():
                return function(*args, **kwargs)
        started = clock()
        try:
            answer = function(*args, **kwargs)
        except BaseException as error:
            self._ended(_FREE, era, started, error)
            raise
        now = clock()
        if now - started < self._slow and now < era.quiet_until:
            self._count()
        else:
            self._passed(era, started, now)
        return answer

    async def call_async(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """`call` for coroutine functions; the store is asked in a thread, and only when the breaker is not closed."""
        era, clock = self._era, self._clock
        if era is None:
            async with self.guard():
                return await function(*args, **kwargs)
        started = clock()
        try:
            answer = await function(*args, **kwargs)
        except BaseException as error:
            self._ended(_FREE, era, started, error)
            raise
        now = clock()
        if now - started < self._slow and now < era.quiet_until:
            self._count()
        else:
            self._passed(era, started, now)
        return answer

    def guard(self) -> Guard:
        """A context manager around one call, for `with` and `async with`."""
        return Guard(self)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function or a coroutine function."""
        if inspect.iscoroutinefunction(function):
            call_async = self.call_async

            @wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await call_async(function, *args, **kwargs)

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
            self._begin_era()

    @property
    def tally(self) -> Tally:
        """What has been counted so far."""
        with self._lock:
            self._catch_up()
        return self._tally

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
            self._catch_up()
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
            if changed:
                self._begin_era()
            self._era = self._present if after is State.CLOSED else None
            if self._era is None:
                self._wait(record, now)
        if before is not after:
            note_transition(self.service, self.key, before, after)

    # -- inner steps

    def _begin_era(self) -> None:
        """Forget the window; called with the lock held."""
        self._catch_up()
        self._present.quiet_until = _NEVER  # calls under way end with a look at which era is present
        self._window.clear()
        self._present = Era(self._window.quiet_until)
        if self._era is not None:
            self._era = self._present

    def _catch_up(self) -> None:
        """Tell tally and window of the calls that were only counted; called with the lock held."""
        number = self._count()
        more = number - self._counted
        self._counted = number + 1
        if more:
            self._tally.succeeded += more
            self._window.passed(more)

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
            self._tally.rejected += 1
        return CircuitOpen(service=self.service, retry_after=max(0.1, self._end_of_wait - self._clock()))

    def _passed(self, era: Era, started: float, now: float) -> None:
        """Count a success that was slow, or ended while the window held something bad."""
        outcome = SLOW if now - started >= self._slow else GOOD
        with self._lock:
            self._catch_up()
            self._tally.succeeded += 1
            self._tally.slow += bool(outcome)
            opens = self._add(era, outcome, now)
        if opens:
            self._trip()

    def _ended(self, admission: Admission, era: Era, started: float, error: BaseException | None) -> None:
        now = self._clock()
        ours = isinstance(error, Exception)  # a cancelled call says nothing about the dependency
        failed = error is not None and ours and (isinstance(error, CallFailed) or self._is_failure(error))
        neutral = error is not None and not ours
        slow = now - started >= self._slow
        with self._lock:
            self._catch_up()
            self._tally.count(failed=failed, neutral=neutral, slow=slow)
            opens = not (neutral or admission.lease) and self._add(era, FAILED * failed + SLOW * slow, now)
        if admission.lease:
            succeeded = None if neutral else not (failed or slow)
            self._change(lambda record, at: settled(record, at, self.policy, admission, succeeded=succeeded))
        elif opens:
            self._trip()

    def _add(self, era: Era, outcome: int, now: float) -> bool:
        """Have the window remember it, if it is of this era; called with the lock held."""
        if era is not self._present:
            return False
        opens = self._window.add(outcome, now)
        era.quiet_until = self._window.quiet_until
        return opens

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

    __slots__ = ("_admission", "_breaker", "_era", "_failure", "_started")

    def __init__(self, breaker: CircuitBreaker) -> None:
        """Nothing is asked yet."""
        self._breaker = breaker
        self._admission = _FREE
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
        self._era = breaker._era or self._ask()
        self._started = breaker._clock()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Count what became of it."""
        if error is None and self._failure is None:
            breaker = self._breaker
            now = breaker._clock()
            if now - self._started < breaker._slow and now < self._era.quiet_until:
                breaker._count()
                return
        self._end(error)

    async def __aenter__(self) -> Self:
        """As `__enter__`, the store asked in a thread."""
        breaker = self._breaker
        era = breaker._era
        self._era = era if era is not None else await asyncio.to_thread(self._ask)
        self._started = breaker._clock()
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """As `__exit__`; a cancelled task still gives its lease back."""
        if not self._admission.lease:
            self.__exit__(_kind, error, _traceback)
            return
        await asyncio.shield(asyncio.to_thread(self._end, error))

    def _ask(self) -> Era:
        """Be admitted although the breaker is not closed, or raise CircuitOpen."""
        self._admission = self._breaker._admit()
        return _PROBING if self._admission.lease else self._breaker._present

    def _end(self, error: BaseException | None) -> None:
        breaker, failure = self._breaker, error or self._failure
        if failure is None and not self._admission.lease:
            breaker._passed(self._era, self._started, breaker._clock())
        else:
            breaker._ended(self._admission, self._era, self._started, failure)
