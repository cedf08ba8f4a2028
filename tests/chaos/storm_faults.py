"""The fault plan of a storm: made from the seed before it begins, then carried out on time."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

import psycopg

from tests.support.stack import Stack, StackFailed

KINDS = ("kill worker1", "kill worker2", "freeze worker1", "freeze worker2", "terminate backends", "restart broker")
GAP = (4.0, 8.0)  # seconds between two faults
FROZEN = 8.0  # seconds; longer than the lease of a turn
BACKENDS = 3  # sessions that one fault ends

_TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        ORDER BY (state = 'active') DESC, backend_start LIMIT %s
    ) chosen
"""


def plan(seed: int, seconds: float) -> list[tuple[float, str]]:
    """When what happens. Every kind comes once before any comes again."""
    chance, at = random.Random(seed), 2.0
    faults: list[tuple[float, str]] = []
    while at < seconds:
        for kind in chance.sample(KINDS, len(KINDS)):
            faults.append((at, kind))
            at += chance.uniform(*GAP)
    return [fault for fault in faults if fault[0] < seconds]


class Faults(threading.Thread):
    """Carries a plan out. A part that is down already is left alone, and not counted."""

    def __init__(self, stack: Stack, database_url: str, faults: list[tuple[float, str]]) -> None:
        """Nothing happens before `start`."""
        super().__init__(daemon=True)
        self.stack, self.database_url, self.faults = stack, database_url, faults
        self.done: Counter[str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        """One after the other, on time."""
        started = time.monotonic()
        for at, kind in self.faults:
            if self.stopped.wait(max(0.0, started + at - time.monotonic())):
                return
            with suppress(StackFailed, psycopg.Error, ProcessLookupError):
                self._do(kind)
                self.done[kind] += 1

    def _do(self, kind: str) -> None:
        match kind.split():
            case ["kill", part]:
                self.stack.kill(part)
            case ["freeze", part]:
                self._freeze(part)
            case ["terminate", "backends"]:
                self._terminate()
            case ["restart", "broker"]:
                self.stack.kill("valkey")

    def _freeze(self, part: str) -> None:
        pid = self.stack.pid(part)
        if pid is None:
            raise StackFailed(f"{part} is down")
        os.killpg(pid, signal.SIGSTOP)
        self.stopped.wait(FROZEN)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGCONT)

    def _terminate(self) -> None:
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=3) as session:
            session.execute(_TERMINATE, [BACKENDS])
