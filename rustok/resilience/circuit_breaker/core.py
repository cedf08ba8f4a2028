"""The state machine of a breaker as pure functions over one small record, which all processes share.

    closed --tripped--> open --(open_seconds passed)--> half open --successes--> closed
                         ^------------ a probe failed -----------'

Every change is `(record, now) -> record`; a store makes it atomic. `now` is the store's clock in seconds, so that the
clocks of the machines do not matter. Each change of state begins a new `epoch`; the result of a probe counts only with
the epoch and the lease that it was given (trap 37), so a late one can neither open nor close anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """The three states of every breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a breaker opens and closes. Durations are in seconds, rates are shares from 0 to 1.

    `window` is `consecutive` (the reference: 5 failures in a row), `count` (the last `size` calls) or `time` (the last
    `size` seconds). The two rates are judged from `minimum_calls` on; a call of `slow_seconds` or more is slow.
    `lease_seconds` must outlast the longest probe: afterwards another process may probe.
    """

    window: str = "consecutive"
    failures: int = 5
    successes: int = 2
    open_seconds: float = 60.0
    size: int = 100
    minimum_calls: int = 10
    failure_rate: float = 0.5
    slow_rate: float = 1.0
    slow_seconds: float = float("inf")
    lease_seconds: float = 15.0

    def __post_init__(self) -> None:
        """Refuse what could never trip, or never recover."""
        if self.window not in {"consecutive", "count", "time"}:
            raise ValueError(f"no such window: {self.window}")
        if min(self.failures, self.successes, self.size, self.minimum_calls) < 1:
            raise ValueError("counts start at 1")
        if min(self.open_seconds, self.lease_seconds, self.slow_seconds) <= 0:
            raise ValueError("durations are above 0")
        if not (0 < self.failure_rate <= 1 and 0 < self.slow_rate <= 1):
            raise ValueError("rates are above 0 and at most 1")
        if self.window == "count" and self.minimum_calls > self.size:
            raise ValueError("the window is smaller than minimum_calls")


FORGET_AFTER: Final = 86_400.0
"""Seconds after which a record that nobody has asked for is dropped: its tenant or destination is gone."""
CLOCK_SLACK: Final = 5.0
"""Seconds by which the store's clock may go back without anybody minding; time servers do that in small steps."""
REFERENCE: Final = Policy()
TENANT_DATABASE: Final = Policy(open_seconds=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's word against the machine's: `state` is OPEN or CLOSED, until the store's clock shows `until`."""

    state: State
    until: float
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all processes know of one breaker. The default is a healthy one that nobody has touched."""

    state: State = State.CLOSED
    epoch: int = 0
    until: float = 0.0
    successes: int = 0
    lease: str = ""
    lease_until: float = 0.0
    override: Override | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it says nothing that a missing record would not say."""
        return self.state is State.CLOSED and self.override is None

    def effective(self, now: float) -> State:
        """The state that calls see: the override's while it lasts."""
        override = self.override
        return override.state if override is not None and now < override.until else self.state


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to "may I call?". `lease` names a probe; `wait` is in seconds and only for a refusal."""

    granted: bool
    lease: str = ""
    epoch: int = 0
    wait: float = 0.0


def tripped(record: Record, now: float, policy: Policy) -> Record:
    """Open a closed breaker. An open one stays as it is: late failures do not extend the wait."""
    if record.state is not State.CLOSED or _overridden(record, now):
        return record
    return _opened(record, now, policy)


def admitted(record: Record, now: float, policy: Policy, lease: str) -> tuple[Record, Admission]:
    """Let a call pass, make it the one probe, or refuse it. A lease that has run out is given to the next one."""
    if _overridden(record, now) and record.override is not None:
        forced = record.override
        return record, Admission(forced.state is State.CLOSED, wait=forced.until - now)
    if record.state is State.CLOSED:
        return record, Admission(granted=True)
    if record.state is State.OPEN and _lasts(record.until, now, policy.open_seconds):
        return record, Admission(granted=False, wait=record.until - now)
    if record.state is State.HALF_OPEN and record.lease and _lasts(record.lease_until, now, policy.lease_seconds):
        return record, Admission(granted=False, wait=record.lease_until - now)
    starting = record.state is State.OPEN
    probing = replace(
        record,
        state=State.HALF_OPEN,
        epoch=_next_epoch(record, now) if starting else record.epoch,
        successes=0 if starting else record.successes,
        lease=lease,
        lease_until=now + policy.lease_seconds,
    )
    return probing, Admission(granted=True, lease=lease, epoch=probing.epoch)


def settled(record: Record, now: float, policy: Policy, admission: Admission, *, succeeded: bool | None) -> Record:
    """Count a probe's result; None means that it said nothing about the dependency (cancelled): the lease is free."""
    if record.state is not State.HALF_OPEN or (record.epoch, record.lease) != (admission.epoch, admission.lease):
        return record
    if succeeded is False:
        return _opened(record, now, policy)
    free = replace(record, lease="", lease_until=0.0, successes=record.successes + (1 if succeeded else 0))
    return _closed(free, now) if free.successes >= policy.successes else free


def overridden(record: Record, override: Override) -> Record:
    """Set a person's word; it ends by itself."""
    return replace(record, override=override)


def reset(record: Record, now: float) -> Record:
    """Closed, no override, nothing remembered."""
    return Record(epoch=_next_epoch(record, now))


def refreshed(record: Record, now: float) -> Record:
    """Without an override that has run out; settled when nobody has cared for a day."""
    if record.override is not None and not _overridden(record, now):
        record = replace(record, override=None)
    forgotten = record.override is None and max(record.until, record.lease_until) < now - FORGET_AFTER
    return Record(epoch=record.epoch) if forgotten else record


def _lasts(until: float, now: float, seconds: float) -> bool:
    """Whether a time of so many seconds still runs. More of it left than there ever was: the clock was put back."""
    return now < until <= now + seconds + CLOCK_SLACK


def _overridden(record: Record, now: float) -> bool:
    return record.override is not None and now < record.override.until


def _opened(record: Record, now: float, policy: Policy) -> Record:
    return replace(
        record,
        state=State.OPEN,
        epoch=_next_epoch(record, now),
        until=now + policy.open_seconds,
        successes=0,
        lease="",
        lease_until=0.0,
    )


def _closed(record: Record, now: float) -> Record:
    return Record(epoch=_next_epoch(record, now), override=record.override)


def _next_epoch(record: Record, now: float) -> int:
    """Grows even when a settled record has been forgotten in between: it starts at the clock, in milliseconds."""
    return max(record.epoch + 1, int(now * 1000))
