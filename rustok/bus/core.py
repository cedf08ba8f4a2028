"""The bus: publish takes a slot per receiver or refuses all of it; a slot is given back when its handler has ended.

A subscriber hears its events in the order of publication, in the publisher's context, on a thread of its own: a slow or
failing one delays nobody else. Depth counts deliveries, not events, so that it cannot leak by who listens.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Final

from rustok.bus.metrics import ACCEPTED, DEPTH, FAILED, REJECTED, WARNED
from rustok.errors.bus import BusOverloaded
from rustok.telemetry.logging import log_event

Handler = Callable[[Any], None]
Filter = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many deliveries may wait or run (`depth`), and at which shares of it the bus warns and refuses."""

    depth: int = 10_000
    warning: float = 0.7
    critical: float = 0.9

    def __post_init__(self) -> None:
        """Refuse limits that could never warn before they refuse."""
        if self.depth < 1 or not 0 < self.warning < self.critical <= 1:
            raise ValueError("depth must be positive, and 0 < warning < critical <= 1")


@dataclass(frozen=True, slots=True)
class Stats:
    """Deliveries: waiting or running now, accepted so far, done, failed; publications warned about and refused."""

    depth: int = 0
    accepted: int = 0
    done: int = 0
    failed: int = 0
    warned: int = 0
    rejected: int = 0
    subscribers: int = 0


@dataclass(slots=True, eq=False)
class _Subscriber:
    """One receiver with what waits for it; `running` while its thread lives."""

    name: str
    handle: Handler
    wants: Filter
    waiting: deque[tuple[Context, Any]]
    running: bool = False


class Bus:
    """Subscribers of one process. Thread-safe; starts a subscriber's thread with its first event, daemon."""

    def __init__(self, limits: Limits | None = None, *, after_each: Callable[[], None] = lambda: None) -> None:
        """Empty. `after_each` runs on the subscriber's thread behind every handler, as to give connections back."""
        self.limits: Final = limits or Limits()
        self._after_each = after_each
        self._changed = threading.Condition()
        self._subscribers: dict[str, _Subscriber] = {}
        self._counts = dict.fromkeys(("depth", "accepted", "done", "failed", "warned", "rejected"), 0)

    def subscribe(self, name: str, handle: Handler, *, wants: Filter = lambda _event: True) -> None:
        """Call `handle` with each event that `wants` lets through; a handler that raises is logged and counted.

        Raises ValueError for a name that is taken.
        """
        with self._changed:
            if name in self._subscribers:
                raise ValueError(f"bus subscriber {name} exists")
            self._subscribers[name] = _Subscriber(name, handle, wants, deque())

    def unsubscribe(self, name: str) -> None:
        """Forget a subscriber; what waits for it is dropped and its slots are given back."""
        with self._changed:
            gone = self._subscribers.pop(name, None)
            if gone is not None:
                self._count(depth=-len(gone.waiting))
                gone.waiting.clear()

    def publish(self, event: Any) -> int:
        """Hand an event to everybody who wants it, all or none; returns how many that are. Never waits for a handler.

        Raises BusOverloaded at the critical mark, and what a filter raises, before anybody is handed anything.
        """
        receivers = [subscriber for subscriber in tuple(self._subscribers.values()) if subscriber.wants(event)]
        if not receivers:
            return 0
        with self._changed:
            self._take_slots(len(receivers))
            for subscriber in receivers:
                subscriber.waiting.append((copy_context(), event))
                if not subscriber.running:
                    self._start(subscriber)
        return len(receivers)

    def stats(self) -> Stats:
        """The numbers of this moment."""
        with self._changed:
            return Stats(**self._counts, subscribers=len(self._subscribers))

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is waiting or running; False when `timeout` seconds were too short."""
        with self._changed:
            return self._changed.wait_for(lambda: self._counts["depth"] == 0, timeout)

    def _take_slots(self, wanted: int) -> None:
        depth = self._counts["depth"] + wanted
        if depth > self.limits.depth * self.limits.critical:
            self._count(rejected=1)
            REJECTED.inc()
            raise BusOverloaded(waiting=self._counts["depth"], limit=int(self.limits.depth * self.limits.critical))
        if depth > self.limits.depth * self.limits.warning:
            self._count(warned=1)
            WARNED.inc()
            if depth - wanted <= self.limits.depth * self.limits.warning:
                log_event("bus.filling", level=logging.WARNING, depth=depth, limit=self.limits.depth)
        self._count(depth=wanted, accepted=wanted)
        ACCEPTED.inc(wanted)

    def _start(self, subscriber: _Subscriber) -> None:
        """Under the lock. Where no thread can be had, the event waits for the next publication's try."""
        thread = threading.Thread(target=self._serve, args=(subscriber,), name=f"bus-{subscriber.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log_event("bus.no_thread", level=logging.ERROR, subscriber=subscriber.name, error=repr(error)[:200])
            return
        subscriber.running = True

    def _serve(self, subscriber: _Subscriber) -> None:
        """Take events off the queue until it is empty; the thread ends then."""
        while True:
            with self._changed:
                if not subscriber.waiting:
                    subscriber.running = False
                    return
                context, event = subscriber.waiting.popleft()
            outcome = "failed"
            try:
                context.run(subscriber.handle, event)
                outcome = "done"
            except BaseException as error:  # noqa: BLE001 - a reaction's defect is its own; thread and slot live on
                FAILED.labels(subscriber.name).inc()
                log_event("bus.failed", level=logging.ERROR, subscriber=subscriber.name, error=repr(error)[:200])
            finally:
                with self._changed:
                    self._count(depth=-1, **{outcome: 1})
                self._clear_up(subscriber)

    def _clear_up(self, subscriber: _Subscriber) -> None:
        try:
            self._after_each()
        except Exception as error:  # noqa: BLE001 - the thread lives on, or what waits would wait for ever
            log_event("bus.not_cleared", level=logging.ERROR, subscriber=subscriber.name, error=repr(error)[:200])

    def _count(self, **changes: int) -> None:
        """Under the lock: move the numbers, and tell who waits for an empty bus."""
        for name, change in changes.items():
            self._counts[name] += change
        if "depth" in changes:
            DEPTH.set(self._counts["depth"])
            self._changed.notify_all()
