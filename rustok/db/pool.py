"""The connection pool of a process: its options from the configuration, its health, its numbers.

A request that finds no free connection within `database_pool_timeout` gets DatabaseUnavailable (503), never a hang.
Dead sessions are seen when they are taken (`sessions.is_gone`, no round trip) and, among the idle ones, by a thread
that asks each of them every `database_pool_health_interval` seconds. Only the last statements of units of work are
prepared on the server, and not behind a pooler (`rustok.db.prepared`), which hands the session to somebody else.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from prometheus_client import Counter, Gauge
from psycopg_pool import ConnectionPool, PoolTimeout

from rustok.config import Config
from rustok.context import NO_MEMO, current
from rustok.db.deadlines import DeadlineConnection
from rustok.repeating import repeat
from rustok.telemetry.metrics import REGISTRY

TICK_SECONDS: Final = 1.0
IN_VAIN_SECONDS: Final = 2.0
_IN_VAIN: Final = "db.waited_in_vain"

CONNECTIONS: Final = Gauge(
    "rustok_db_pool_connections",
    "Connections of the pools: open, idle, and the most there may be.",
    ("state",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
WAITING: Final = Gauge(
    "rustok_db_pool_waiting", "Requests that wait for a connection.", registry=REGISTRY, multiprocess_mode="livesum"
)
TAKEN: Final = Counter("rustok_db_pool_requests", "Connections asked for.", registry=REGISTRY)
WAITED: Final = Counter("rustok_db_pool_wait_seconds", "Time spent waiting for a connection.", registry=REGISTRY)
REFUSED: Final = Counter("rustok_db_pool_timeouts", "Requests that got no connection in time.", registry=REGISTRY)
LOST: Final = Counter("rustok_db_pool_connections_lost", "Connections found broken.", registry=REGISTRY)


def pool_options(config: Config) -> dict[str, Any]:
    """What Django hands to psycopg's pool. All times are in seconds."""
    return {
        "connection_class": DeadlineConnection,
        "min_size": min(config.database_pool_min, config.database_pool_max),
        "max_size": config.database_pool_max,
        "timeout": config.database_pool_timeout,
        "max_lifetime": config.database_pool_max_lifetime,
        "max_idle": config.database_pool_max_idle,
        # The pool's own retries double their distance up to minutes; given up early, the next request asks afresh, so
        # that a restarted server is noticed within two seconds.
        "reconnect_timeout": 2.0,
    }


def saturation(stats: dict[str, int]) -> float:
    """How full a pool is, of its `get_stats()`: 0 idle, 1 every connection taken, more when requests wait."""
    most = stats.get("pool_max", 0) or 1
    taken = stats.get("pool_size", 0) - stats.get("pool_available", 0)
    return (taken + stats.get("requests_waiting", 0)) / most


class PoolWatch:
    """Publishes the numbers of one pool and looks after its idle connections, in a daemon thread."""

    def __init__(self, pool: ConnectionPool[Any], *, health_interval: float) -> None:
        """Nothing runs yet. `health_interval` in seconds; 0 turns the looking after off."""
        self._pool, self._interval = pool, health_interval
        self._since_check = 0.0
        self._seen: dict[str, int] = {}
        self._finished = threading.Event()

    def start(self) -> None:
        """Begin; ends with the pool."""
        repeat(self._step, every=TICK_SECONDS, name="db-pool", stopped=self._finished)

    def tick(self) -> None:
        """One round: publish, and now and then check."""
        self.publish()
        self._since_check += TICK_SECONDS
        if self._interval and self._since_check >= self._interval:
            self._since_check = 0.0
            self._pool.check()

    def publish(self) -> None:
        """Carry the pool's numbers to Prometheus."""
        stats = self._pool.get_stats()
        CONNECTIONS.labels("open").set(stats.get("pool_size", 0))
        CONNECTIONS.labels("idle").set(stats.get("pool_available", 0))
        CONNECTIONS.labels("most").set(stats.get("pool_max", 0))
        WAITING.set(stats.get("requests_waiting", 0))
        for counter, name, unit in (
            (TAKEN, "requests_num", 1),
            (WAITED, "requests_wait_ms", 0.001),
            (REFUSED, "requests_errors", 1),
            (LOST, "connections_lost", 1),
        ):
            more = stats.get(name, 0) - self._seen.get(name, 0)
            if more > 0:
                counter.inc(more * unit)
        self._seen = dict(stats)

    def _step(self) -> None:
        if self._pool.closed:
            self._finished.set()
        else:
            self.tick()


@contextmanager
def waiting_once() -> Iterator[None]:
    """Around a wait for a connection: who has just waited in vain, and tells somebody so, does not wait again for that.

    A request that fails on its first statement renders a page or notes the failure; each would wait as long once more.
    """
    memo = current().memo
    if time.monotonic() - memo.get(_IN_VAIN, -math.inf) < IN_VAIN_SECONDS:
        raise PoolTimeout("no connection a moment ago")
    try:
        yield
    except PoolTimeout:
        if memo is not NO_MEMO:
            memo[_IN_VAIN] = time.monotonic()
        raise


_lock: Final = threading.Lock()
_watched: dict[tuple[int, int], ConnectionPool[Any]] = {}


def watch(pool: ConnectionPool[Any], *, health_interval: float) -> None:
    """Watch a pool that has been opened; a second call for the same one in the same process does nothing."""
    place = (os.getpid(), id(pool))
    if place in _watched:
        return
    with _lock:
        if place in _watched:
            return
        _watched[place] = pool
    PoolWatch(pool, health_interval=health_interval).start()


def load() -> float:
    """The saturation of this process's fullest pool; 0 when there is none. Reads memory only."""
    return max((saturation(pool.get_stats()) for pool in _mine()), default=0.0)


def dismiss() -> None:
    """Refuse everybody who waits for a connection: a server that answers nobody makes none."""
    for pool in _mine():
        with pool._lock:  # as the pool does when it closes; it offers no other way
            waiting = list(pool._waiting)
            pool._waiting.clear()
        for client in waiting:
            client.fail(PoolTimeout("the server answers nobody"))


def _mine() -> list[ConnectionPool[Any]]:
    return [pool for (pid, _id), pool in list(_watched.items()) if pid == os.getpid() and not pool.closed]
